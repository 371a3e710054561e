// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_OPEN_FILE_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_OPEN_FILE_H_

#include <unistd.h>

#include <utility>

namespace weft::internal {

// Owns the descriptor of a file or folder.
class OpenFile {
 public:
  OpenFile() noexcept = default;
  explicit OpenFile(int fd) noexcept : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const noexcept { return fd_; }
  bool IsOpen() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_OPEN_FILE_H_
