// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http2/frame_writer.h>

#include <cstddef>

namespace weft::internal::http2 {
namespace {

void AppendBytes(std::string& out, std::uint64_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> shift & 0xFF);
}

// RFC 7541 section 5.2, without Huffman's code.
void AppendLiteral(std::string& out, std::string_view text) {
  constexpr std::size_t kInPrefix = 127;
  std::size_t left = text.size();
  if (left < kInPrefix) {
    out += static_cast<char>(left);
  } else {
    out += static_cast<char>(kInPrefix);
    for (left -= kInPrefix; left >= 128; left /= 128) out += static_cast<char>(left % 128 + 128);
    out += static_cast<char>(left);
  }
  out += text;
}

}  // namespace

void AppendFrame(std::string& out, std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  AppendBytes(out, payload.size(), 3);
  AppendBytes(out, type, 1);
  AppendBytes(out, flags, 1);
  AppendBytes(out, stream, 4);
  out += payload;
}

void AppendNumberFrame(std::string& out, std::uint8_t type, std::uint32_t stream, std::uint32_t number) {
  std::string payload;
  AppendBytes(payload, number, 4);
  AppendFrame(out, type, 0, stream, payload);
}

void AppendSetting(std::string& payload, std::uint16_t id, std::uint32_t value) {
  AppendBytes(payload, id, 2);
  AppendBytes(payload, value, 4);
}

void AppendFieldBlock(std::string& out, std::span<const Fields::Field> fields) {
  for (const auto& [name, value] : fields) {
    out += '\x10';
    AppendLiteral(out, name);
    AppendLiteral(out, value);
  }
}

}  // namespace weft::internal::http2
