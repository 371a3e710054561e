// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_PARTS_LEFT_H_
#define WEFT_NET_INTERNAL_TLS_PARTS_LEFT_H_

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace weft::internal {

// What is left of a list of parts that are consumed from the front; the first one is never empty.
class PartsLeft {
 public:
  explicit PartsLeft(std::span<const iovec> parts) : parts_(parts) { Skip(0); }
  bool Empty() const { return parts_.empty(); }
  std::size_t Total() const {
    std::size_t total = 0;
    for (const iovec& part : parts_) total += part.iov_len;
    return total;
  }
  // As much of the first part as is a multiple of `unit`, or all of the last one; may be empty.
  std::string_view TakeWhole(std::size_t unit) {
    const std::string_view first = First();
    const std::string_view whole =
        parts_.size() == 1 ? first : first.substr(0, first.size() / unit * unit);
    Skip(whole.size());
    return whole;
  }
  // Copies up to `room` bytes.
  std::size_t Gather(char* to, std::size_t room) {
    std::size_t size = 0;
    while (!Empty() && size < room) {
      const std::string_view next = First().substr(0, room - size);
      std::copy(next.begin(), next.end(), to + size);
      size += next.size();
      Skip(next.size());
    }
    return size;
  }

 private:
  std::string_view First() const {
    return {static_cast<const char*>(parts_.front().iov_base) + skip_,
            parts_.front().iov_len - skip_};
  }
  void Skip(std::size_t count) {
    skip_ += count;
    while (!parts_.empty() && skip_ == parts_.front().iov_len) {
      parts_ = parts_.subspan(1);
      skip_ = 0;
    }
  }

  std::span<const iovec> parts_;
  std::size_t skip_ = 0;  // of the first
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_PARTS_LEFT_H_
