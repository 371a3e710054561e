// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/credentials.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

// The value of a base64 letter; 64 for all other bytes.
unsigned Sextet(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : 64;
}

}  // namespace

std::string_view CredentialsOf(const Request& r, std::string_view scheme) {
  const std::vector<std::string_view> fields = r.Header().Values("Authorization");
  if (fields.size() != 1) return {};
  const std::size_t blank = fields[0].find(' ');
  if (blank == std::string_view::npos || !EqualsIgnoreCase(fields[0].substr(0, blank), scheme)) {
    return {};
  }
  return TrimBlanks(fields[0].substr(blank));
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  text.remove_suffix(padding);
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const unsigned sextet = Sextet(c);
    if (sextet == 64) return std::nullopt;
    bits = bits << 6 | sextet;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xFF);
  }
  if ((bits & ((1u << held) - 1)) != 0) return std::nullopt;  // each value has only one valid text
  return out;
}

std::string QuotedRealm(const char* function, std::string_view realm) {
  std::string quoted = "\"";
  for (const char c : realm) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      throw std::invalid_argument(std::string(function) + ": a realm has no control characters");
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted += '"';
}

}  // namespace weft::internal
