// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_KIT_STALLED_PIPE_H_
#define WEFT_TESTS_KIT_STALLED_PIPE_H_

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

namespace weft {

// A pipe that is full and that nobody reads: what a log collector that has stopped leaves behind.
class StalledPipe {
 public:
  explicit StalledPipe(bool full = true) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
    reader_ = ends[0];
    writer_ = ends[1];
    fcntl(writer_, F_SETPIPE_SZ, 4096);
    if (full) Fill();
  }
  ~StalledPipe() {
    close(reader_);
    close(writer_);
  }
  StalledPipe(const StalledPipe&) = delete;
  StalledPipe& operator=(const StalledPipe&) = delete;

  int Writer() const { return writer_; }
  // Through an open file of its own: O_NONBLOCK would be set for all who have the same.
  void Fill() const {
    const int own = open(("/proc/self/fd/" + std::to_string(writer_)).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (own < 0) std::abort();
    while (write(own, "x", 1) == 1) {
    }
    close(own);
  }
  // Waits until there is something to read.
  std::string ReadSome() const {
    std::array<char, 4096> piece;
    const ssize_t n = read(reader_, piece.data(), piece.size());
    return n > 0 ? std::string(piece.data(), static_cast<std::size_t>(n)) : std::string();
  }

 private:
  int reader_ = -1;
  int writer_ = -1;
};

// stderr of this process leads there, for a scope.
class StderrTo {
 public:
  explicit StderrTo(int descriptor) : before_(dup(STDERR_FILENO)) { dup2(descriptor, STDERR_FILENO); }
  ~StderrTo() {
    dup2(before_, STDERR_FILENO);
    close(before_);
  }
  StderrTo(const StderrTo&) = delete;
  StderrTo& operator=(const StderrTo&) = delete;

 private:
  const int before_;
};

}  // namespace weft

#endif  // WEFT_TESTS_KIT_STALLED_PIPE_H_
