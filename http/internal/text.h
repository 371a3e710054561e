// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_TEXT_H_
#define WEFT_HTTP_INTERNAL_TEXT_H_

#include <array>
#include <cstddef>
#include <string_view>

namespace weft::internal {

// Letters of ASCII only, whatever the locale.
constexpr char AsciiLower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool EqualsIgnoringCase(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  // Names are nearly always spelled alike, or differ in the first letter.
  if (!a.empty() && AsciiLower(a[0]) != AsciiLower(b[0])) return false;
  if (a == b) return true;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (AsciiLower(a[i]) != AsciiLower(b[i])) return false;
  }
  return true;
}

// Which bytes a token may have (RFC 9110 section 5.6.2): a table, since every field name of an
// answer is looked at.
inline constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789")) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

// A token is what a field name or a method is made of.
constexpr bool IsToken(std::string_view text) noexcept {
  for (const char c : text) {
    if (!kTokenBytes[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_TEXT_H_
