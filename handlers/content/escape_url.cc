// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/escape_url.h>

namespace weft {
namespace {

// RFC 3986 section 2.3.
bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
}

void AppendEscape(char c, std::string& out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += {'%', kHex[byte / 16], kHex[byte % 16]};
}

}  // namespace

std::string EscapePath(std::string_view segment) {
  constexpr std::string_view kInSegments = "$&+=:@";
  std::string escaped;
  escaped.reserve(segment.size());
  for (const char c : segment) {
    if (IsUnreserved(c) || kInSegments.find(c) != kInSegments.npos) {
      escaped += c;
    } else {
      AppendEscape(c, escaped);
    }
  }
  return escaped;
}

std::string EscapeQuery(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c) || c == ' ') {
      escaped += c == ' ' ? '+' : c;
    } else {
      AppendEscape(c, escaped);
    }
  }
  return escaped;
}

}  // namespace weft
