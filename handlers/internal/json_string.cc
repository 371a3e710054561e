// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/json_string.h>

#include <cstddef>

namespace weft::internal {
namespace {

bool InRange(std::string_view text, std::size_t at, unsigned low, unsigned high) {
  const auto byte = at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
  return byte >= low && byte <= high;
}

// How many bytes the sequence has that starts `text` with a byte above 0x7F; 0 if it is malformed:
// cut, overlong, a surrogate, or above U+10FFFF (RFC 3629 section 4).
std::size_t Utf8Size(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first >= 0xC2 && first <= 0xDF) return InRange(text, 1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return InRange(text, 1, low, high) && InRange(text, 2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first < 0xF0 || first > 0xF4) return 0;
  const unsigned low = first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
  const bool good =
      InRange(text, 1, low, high) && InRange(text, 2, 0x80, 0xBF) && InRange(text, 3, 0x80, 0xBF);
  return good ? 4 : 0;
}

void AppendControl(char c, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += {'\\', 'u', '0', '0', kHex[byte / 16], kHex[byte % 16]};
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const char c = text[0];
    const auto byte = static_cast<unsigned char>(c);
    std::size_t size = 1;
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7F) {
      AppendControl(c, out);
    } else if (byte < 0x80) {
      out += c;
    } else if (const std::size_t good = Utf8Size(text); good > 0) {
      out.append(text.substr(0, good));
      size = good;
    } else {
      out += "\xEF\xBF\xBD";
    }
    text.remove_prefix(size);
  }
  out += '"';
}

}  // namespace weft::internal
