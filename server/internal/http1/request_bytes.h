// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_REQUEST_BYTES_H_
#define WEFT_SERVER_INTERNAL_HTTP1_REQUEST_BYTES_H_

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include <weft/net/internal/byte_buffer.h>

namespace weft::internal::http1 {

// The bytes of the requests of one session: the current request's head, what arrived after it, and what was read
// from the socket beyond the end of its body. Handlers see views into them.
//
//   bytes_:  served requests │ head of this one │ body, or what follows      ahead_:  what follows the body
//                            at_                next_                                 (then nothing of bytes_ does)
class RequestBytes {
 public:
  // `bytes` begin with a complete head. Copies them. Throws std::bad_alloc.
  void Assign(std::string_view bytes, std::size_t head_size) {
    bytes_.Assign(bytes);
    at_ = 0;
    next_ = head_size;
  }
  void Clear() {
    bytes_.Clear();
    ahead_.Clear();
    at_ = next_ = 0;
  }
  void Recycle(std::size_t keep_bytes) {
    bytes_.Recycle(keep_bytes);
    ahead_.Recycle(keep_bytes);
  }

  // Where the current head begins; views into it are based on this.
  const char* Head() const { return bytes_.data() + at_; }
  // What was read after it and not used yet.
  std::string_view Rest() const { return ahead_.empty() ? From(next_) : ahead_.View(); }
  // The part of it that arrived with the head; the body is read from there first.
  std::string_view WithHead() const { return From(next_); }
  void TakeWithHead(std::size_t count) { next_ += count; }
  std::size_t TakeInto(std::span<char> buffer) {
    const std::size_t got = std::min(buffer.size(), bytes_.size() - next_);
    if (got != 0) std::memcpy(buffer.data(), bytes_.data() + next_, got);
    next_ += got;
    return got;
  }

  // These were read from the socket and follow the body.
  void PutAhead(std::string_view bytes) { ahead_.Assign(bytes); }
  // Room to read more of what follows: what is there moves, so that it stays in one piece.
  char* MakeRoomAhead(std::size_t room) {
    if (ahead_.empty()) ahead_.Assign(WithHead());
    return ahead_.Reserve(room);
  }
  void GrowAhead(std::size_t read) { ahead_.Grow(read); }
  void ForgetAhead() { ahead_.Recycle(0); }

  // The current request was served: what follows becomes the current one, whose head is not parsed yet.
  std::string_view Advance() {
    if (!ahead_.empty()) {
      bytes_.Swap(ahead_);
      ahead_.Clear();
      next_ = 0;
    }
    at_ = next_;
    return Unparsed();
  }
  std::string_view Unparsed() const { return From(at_); }
  // Its head has this size.
  void SetHeadSize(std::size_t size) { next_ = at_ + size; }
  // Skips empty lines in front of it.
  void SkipUnparsed(std::size_t count) { at_ += count; }

 private:
  std::string_view From(std::size_t at) const {
    const std::string_view all = bytes_.View();
    assert(at <= all.size());
    return {all.data() + at, all.size() - at};
  }

  ByteBuffer bytes_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  ByteBuffer ahead_;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_REQUEST_BYTES_H_
