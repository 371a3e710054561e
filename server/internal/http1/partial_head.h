// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_PARTIAL_HEAD_H_
#define WEFT_SERVER_INTERNAL_HTTP1_PARTIAL_HEAD_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <weft/http/internal/http1/request_head.h>

namespace weft::internal::http1 {

// A head that is not complete yet, or that waits for a slot, with what has arrived after it; or the PROXY
// header that must come first. Only a connection that is in the middle of one has it.
class PartialHead {
 public:
  // Waits for a PROXY header, of which nothing has arrived.
  PartialHead() : awaits_proxy_(true) {}
  // Copies `bytes`, and takes over the state of their parsing.
  PartialHead(std::string_view bytes, Head& head) : bytes_(bytes.begin(), bytes.end()) { head_.TakeFrom(head); }

  bool AwaitsProxyHeader() const { return awaits_proxy_; }
  std::string_view Bytes() const { return {bytes_.data(), bytes_.size()}; }
  Head& head() { return head_; }

  // Room for the next read, after what is there already. It is bounded, because the parser rejects a head above its
  // limit. Then: how much of the room was used.
  std::span<char> MakeRoom() {
    const std::size_t kept = bytes_.size();
    const std::size_t room = kept < 2048 ? 4096 - kept : kept;
    bytes_.resize(kept + room);
    return std::span<char>(bytes_).last(room);
  }
  void UseRoom(std::size_t room, std::size_t used) { bytes_.resize(bytes_.size() - room + used); }
  void EraseFront(std::size_t count) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  // The head is complete, but must wait.
  void SetHeadSize(std::size_t size) { head_size_ = size; }
  std::size_t HeadSize() const { return head_size_; }

 private:
  Head head_;  // where the parser stopped
  std::vector<char> bytes_;
  std::size_t head_size_ = 0;
  bool awaits_proxy_ = false;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_PARTIAL_HEAD_H_
