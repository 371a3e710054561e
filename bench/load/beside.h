// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_BESIDE_H_
#define WEFT_BENCH_LOAD_BESIDE_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "load/histogram.h"
#include "load/options.h"
#include "load/response_reader.h"

namespace weft::bench {

// One more connection in addition to those that are measured, which asks for each file of a folder in turn (/files/FOLDER/NAME), one
// every few milliseconds. Before it asks it may drop the file from the page cache, so that the server has to wait for the disk.
class Beside {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Beside(const Options& options);
  ~Beside();
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

  int Descriptor() const { return fd_; }

  // Sends the next request, if it is time and the last one has its answer.
  void Turn(Clock::time_point now);
  // Takes what the server has sent.
  void OnReady();

  std::uint64_t Answers() const { return answers_; }
  std::uint64_t Errors() const { return errors_; }
  const Histogram& Latency() const { return latency_; }

 private:
  struct File {
    int fd;
    std::string request;
  };

  void Lose();

  const bool evict_;
  std::vector<File> files_;
  std::size_t next_ = 0;
  int fd_;
  HeadCache cache_;
  ResponseReader reader_;
  std::vector<char> input_;
  bool waiting_ = false;
  Clock::time_point sent_at_{};
  std::uint64_t answers_ = 0;
  std::uint64_t errors_ = 0;
  Histogram latency_;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_BESIDE_H_
