// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/json_string.h>

#include <cstddef>

#include <weft/http/internal/utf8.h>

namespace weft::internal {
namespace {

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
    } else if (const std::size_t good = Utf8Length(text); good > 0) {
      out.append(text.substr(0, good));
      size = good;
    } else {
      out += kReplacementCharacter;
    }
    text.remove_prefix(size);
  }
  out += '"';
}

}  // namespace weft::internal
