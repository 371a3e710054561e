// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_WEBSOCKET_FRAMES_H_
#define WEFT_HTTP_INTERNAL_WEBSOCKET_FRAMES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::internal {

// Follows the frames of a stream of bytes (RFC 6455 section 5.2), and says how many of them Beast may have: all but the head of a frame, or the
// control frame, that is not whole, which is at most 130 bytes. With a part of a control frame in hand Beast has noted "the last frame of a message", and is wrong about the
// message around it if its read ends there. What is malformed is for Beast to find, so it passes.
class WholeFrames {
 public:
  // Of `bytes`, which begin where the count of the call before ended.
  std::size_t Count(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
      const auto payload = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size() - at));
      at += payload;
      payload_left_ -= payload;
      const std::size_t whole = payload > 0 ? 0 : Head(bytes.substr(at));
      if (payload == 0 && whole == 0) break;
      at += whole;
    }
    return at;
  }

 private:
  // How long the head is, with a control frame's payload; 0: not whole.
  std::size_t Head(std::string_view bytes) {
    if (bytes.size() < 2) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const std::size_t in_length = (byte(1) & 0x7f) == 127 ? 8 : (byte(1) & 0x7f) == 126 ? 2 : 0;
    const std::size_t head = 2 + in_length + ((byte(1) & 0x80) != 0 ? 4 : 0);
    if (bytes.size() < head) return 0;
    std::uint64_t payload = in_length == 0 ? byte(1) & 0x7f : 0;
    for (std::size_t i = 0; i < in_length; ++i) payload = payload << 8 | byte(2 + i);
    if ((byte(0) & 0xf8) == 0x88 && in_length == 0) {
      const std::size_t all = head + static_cast<std::size_t>(payload);
      return bytes.size() < all ? 0 : all;
    }
    payload_left_ = payload;
    return head;
  }

  std::uint64_t payload_left_ = 0;  // of the frame whose head has passed
};

enum class FrameKind : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2 };

// The head of a frame that is not masked, as a server sends it (RFC 6455 section 5.2). `last`: of its message; `payload` is at most 65,535.
// Returns its size.
inline constexpr std::size_t kFrameHeadMax = 4;
inline std::size_t WriteFrameHead(FrameKind kind, bool last, std::size_t payload, char* to) noexcept {
  to[0] = static_cast<char>(static_cast<unsigned>(kind) | (last ? 0x80u : 0u));
  if (payload < 126) {
    to[1] = static_cast<char>(payload);
    return 2;
  }
  to[1] = 126;
  to[2] = static_cast<char>(payload >> 8);
  to[3] = static_cast<char>(payload & 0xff);
  return 4;
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_WEBSOCKET_FRAMES_H_
