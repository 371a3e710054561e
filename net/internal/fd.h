// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_FD_H_
#define WEFT_NET_INTERNAL_FD_H_

#include <unistd.h>

#include <utility>

namespace weft::internal {

// Owns a file descriptor.
class Fd {
 public:
  Fd() noexcept = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { Close(); }

  int Get() const noexcept { return fd_; }
  bool IsOpen() const noexcept { return fd_ >= 0; }
  int Release() noexcept { return std::exchange(fd_, -1); }
  // Whatever close(2) returns, on Linux the descriptor is gone.
  void Close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_FD_H_
