// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_WEBSOCKET_FRAMES_H_
#define WEFT_HTTP_INTERNAL_WEBSOCKET_FRAMES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// The frames of a WebSocket as they are sent (RFC 6455 section 5.2), and the mask of either direction. How they are read: websocket_reader.h.

namespace weft::internal {

enum class FrameKind : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

constexpr bool IsControl(FrameKind kind) noexcept { return kind >= FrameKind::kClose; }

// A control frame has at most so many bytes of payload (RFC 6455 section 5.5).
inline constexpr std::size_t kControlPayloadMax = 125;

using MaskKey = std::array<unsigned char, 4>;

// The key for what follows `count` bytes.
constexpr MaskKey KeyAfter(MaskKey key, std::uint64_t count) noexcept {
  const std::size_t at = count % key.size();
  return {key[at], key[(at + 1) % 4], key[(at + 2) % 4], key[(at + 3) % 4]};
}

// Masks bytes or takes the mask off (RFC 6455 section 5.3). Returns whether all of them are ASCII then.
inline bool ApplyMask(MaskKey key, std::span<char> bytes) noexcept {
  std::uint64_t twice;
  std::memcpy(&twice, key.data(), key.size());
  std::memcpy(reinterpret_cast<char*>(&twice) + key.size(), key.data(), key.size());
  std::uint64_t seen = 0;
  const auto word = [&](char* at) {
    std::uint64_t eight;
    std::memcpy(&eight, at, sizeof eight);
    eight ^= twice;
    std::memcpy(at, &eight, sizeof eight);
    return eight;
  };
  char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 32; at += 32, left -= 32) seen |= word(at) | word(at + 8) | word(at + 16) | word(at + 24);
  for (; left >= 8; at += 8, left -= 8) seen |= word(at);
  for (std::size_t i = 0; i < left; ++i) {
    const auto byte = static_cast<unsigned char>(static_cast<unsigned char>(at[i]) ^ key[i % 4]);
    at[i] = static_cast<char>(byte);
    seen |= byte;
  }
  return (seen & 0x8080808080808080) == 0;
}

// The head of a frame, with the key if there is one, as a client must have. `last`: of its message; `payload` is at most 65,535.
// Returns its size.
inline constexpr std::size_t kFrameHeadMax = 8;
inline std::size_t WriteFrameHead(FrameKind kind, bool last, std::size_t payload, const std::optional<MaskKey>& key, char* to) noexcept {
  to[0] = static_cast<char>(static_cast<unsigned>(kind) | (last ? 0x80u : 0u));
  const unsigned masked = key ? 0x80u : 0u;
  std::size_t size = 2;
  if (payload < 126) {
    to[1] = static_cast<char>(payload | masked);
  } else {
    to[1] = static_cast<char>(126u | masked);
    to[2] = static_cast<char>(payload >> 8);
    to[3] = static_cast<char>(payload & 0xff);
    size = 4;
  }
  if (!key) return size;
  std::memcpy(to + size, key->data(), key->size());
  return size + key->size();
}

// A whole frame, for one write. A short one is on the stack, of which a parked fiber keeps what it has touched.
class FrameBytes {
 public:
  FrameBytes(FrameKind kind, bool last, std::string_view payload, const std::optional<MaskKey>& key) {
    char head[kFrameHeadMax];
    const std::size_t size = WriteFrameHead(kind, last, payload.size(), key, head);
    char* at = short_;
    if (size + payload.size() <= sizeof short_) {
      std::memcpy(at, head, size);
      payload.copy(at + size, payload.size());
    } else {
      long_.reserve(size + payload.size());
      long_.append(head, size).append(payload);
      at = long_.data();
    }
    if (key) ApplyMask(*key, {at + size, payload.size()});
    view_ = {at, size + payload.size()};
  }
  FrameBytes(const FrameBytes&) = delete;
  FrameBytes& operator=(const FrameBytes&) = delete;

  std::string_view View() const { return view_; }

 private:
  char short_[512];
  std::string long_;
  std::string_view view_;
};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_WEBSOCKET_FRAMES_H_
