// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP2_FRAME_SCANNER_H_
#define WEFT_HTTP_INTERNAL_HTTP2_FRAME_SCANNER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weft::internal::http2 {

// What every HTTP/2 connection begins with (RFC 9113 section 3.4).
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// The nine bytes before each frame (RFC 9113 section 4.1).
struct FrameHeader {
  std::uint32_t length = 0;
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
};
inline constexpr std::size_t kFrameHeaderSize = 9;

namespace frame_type {
inline constexpr std::uint8_t kData = 0, kHeaders = 1, kPriority = 2, kReset = 3, kSettings = 4, kPushPromise = 5, kPing = 6,
                              kGoAway = 7, kWindowUpdate = 8, kContinuation = 9, kPriorityUpdate = 16;
}
namespace frame_flag {
inline constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8, kPriority = 32;
}

// Reads frame headers, and nothing else, off the bytes of a connection, in whatever pieces they come: to count frames.
class FrameScanner {
 public:
  explicit FrameScanner(std::size_t skip) : skip_(skip) {}

  // Calls see(const FrameHeader&, end) for each header that is complete with these bytes, of which `end` come up to its end.
  template <class F>
  void Scan(std::string_view bytes, F see) {
    const char* const begin = bytes.data();
    while (!bytes.empty()) {
      if (skip_ > 0) {
        const std::size_t skipped = std::min(skip_, bytes.size());
        skip_ -= skipped;
        bytes.remove_prefix(skipped);
        continue;
      }
      const std::size_t taken = std::min(kFrameHeaderSize - held_, bytes.size());
      std::memcpy(header_ + held_, bytes.data(), taken);
      held_ += taken;
      bytes.remove_prefix(taken);
      if (held_ < kFrameHeaderSize) return;
      held_ = 0;
      const FrameHeader header = Parse(header_);
      skip_ = header.length;
      see(header, static_cast<std::size_t>(bytes.data() - begin));
    }
  }

  static FrameHeader Parse(const unsigned char* at) {
    FrameHeader header;
    header.length = std::uint32_t{at[0]} << 16 | std::uint32_t{at[1]} << 8 | at[2];
    header.type = at[3];
    header.flags = at[4];
    header.stream = (std::uint32_t{at[5]} << 24 | std::uint32_t{at[6]} << 16 | std::uint32_t{at[7]} << 8 | at[8]) & 0x7FFFFFFF;
    return header;
  }

  // Of a header that is not complete, what has come; and of the last one, all.
  std::size_t Held() const { return held_; }
  std::string_view Header() const { return {reinterpret_cast<const char*>(header_), kFrameHeaderSize}; }

 private:
  std::size_t skip_;      // bytes until the next header
  std::size_t held_ = 0;  // of it
  unsigned char header_[kFrameHeaderSize];
};

}  // namespace weft::internal::http2

#endif  // WEFT_HTTP_INTERNAL_HTTP2_FRAME_SCANNER_H_
