// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_STREAM_HISTORY_H_
#define WEFT_HTTP_INTERNAL_HTTP2_STREAM_HISTORY_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace weft::internal::http2 {

// The last streams of a connection that were closed, and those whose numbers its peer has passed over: each new stream has a larger number
// than all before (RFC 9113 section 5.1.1). Of older ones it knows nothing.
class StreamHistory {
 public:
  // A frame that may open this stream has come: true if it is a new one.
  bool Open(std::uint32_t stream) {
    if (stream <= last_ || stream % 2 == 0) return false;
    if (stream > last_ + 2) passed_over_[next_passed_++ % passed_over_.size()] = {last_ + 1, stream - 1};
    last_ = stream;
    return true;
  }
  // `by_peer`: the peer has ended its side, or has reset it. Else it may not know that yet.
  void Close(std::uint32_t stream, bool by_peer) { closed_[next_closed_++ % closed_.size()] = by_peer ? stream : 0; }

  bool EndedByPeer(std::uint32_t stream) const {
    for (const std::uint32_t closed : closed_) {
      if (closed == stream && stream != 0) return true;
    }
    return false;
  }
  bool PassedOver(std::uint32_t stream) const {
    for (const Range& range : passed_over_) {
      if (stream >= range.first && stream <= range.last && stream % 2 == 1) return true;
    }
    return false;
  }

 private:
  struct Range {
    std::uint32_t first = 1;
    std::uint32_t last = 0;
  };
  std::uint32_t last_ = 0;  // 0: none; then the first one may be any
  std::size_t next_closed_ = 0;
  std::size_t next_passed_ = 0;
  std::array<std::uint32_t, 32> closed_{};
  std::array<Range, 4> passed_over_;
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_STREAM_HISTORY_H_
