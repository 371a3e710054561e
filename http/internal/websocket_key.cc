// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/websocket_key.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace weft::internal {
namespace {

using Sha1State = std::array<std::uint32_t, 5>;
constexpr std::size_t kBlock = 64;

std::uint32_t BigEndian(const unsigned char* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | std::uint32_t{at[3]};
}

// RFC 3174 section 6.1.
void AddBlock(const unsigned char* block, Sha1State& state) {
  std::array<std::uint32_t, 80> w;
  for (std::size_t t = 0; t < 16; ++t) w[t] = BigEndian(block + 4 * t);
  for (std::size_t t = 16; t < w.size(); ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
  auto [a, b, c, d, e] = state;
  for (std::size_t t = 0; t < w.size(); ++t) {
    const auto [f, k] = [&]() -> std::pair<std::uint32_t, std::uint32_t> {
      if (t < 20) return {(b & c) | (~b & d), 0x5A827999};
      if (t < 40) return {b ^ c ^ d, 0x6ED9EBA1};
      if (t < 60) return {(b & c) | (b & d) | (c & d), 0x8F1BBCDC};
      return {b ^ c ^ d, 0xCA62C1D6};
    }();
    const std::uint32_t next = std::rotl(a, 5) + f + e + w[t] + k;
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

// RFC 3174. It protects nothing here: the handshake only shows that the server has read it.
std::array<unsigned char, 20> Sha1(std::string_view text) {
  std::string padded(text);
  padded.push_back('\x80');
  while (padded.size() % kBlock != kBlock - 8) padded.push_back('\0');
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  for (int shift = 56; shift >= 0; shift -= 8) padded.push_back(static_cast<char>(bits >> shift & 0xff));
  Sha1State state{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  for (std::size_t at = 0; at < padded.size(); at += kBlock) AddBlock(reinterpret_cast<const unsigned char*>(padded.data()) + at, state);
  std::array<unsigned char, 20> digest;
  for (std::size_t i = 0; i < digest.size(); ++i) digest[i] = static_cast<unsigned char>(state[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

std::string Base64(std::span<const unsigned char> bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t three = 0;
    for (std::size_t i = 0; i < 3; ++i) three = three << 8 | (at + i < bytes.size() ? bytes[at + i] : 0u);
    for (std::size_t i = 0; i < 4; ++i) text.push_back(at + i <= bytes.size() ? kLetters[three >> (18 - 6 * i) & 63] : '=');
  }
  return text;
}

}  // namespace

std::string WebSocketKey(const std::array<unsigned char, 16>& random) { return Base64(random); }

std::string WebSocketAccept(std::string_view key) {
  return Base64(Sha1(std::string(key).append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}

}  // namespace weft::internal
