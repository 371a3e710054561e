// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_TEXT_H_
#define WEFT_HANDLERS_INTERNAL_TEXT_H_

#include <cstddef>
#include <string_view>

namespace weft::internal {

// Letters of ASCII only, whatever the locale.
constexpr char AsciiLower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

constexpr bool EqualsIgnoringCase(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (AsciiLower(a[i]) != AsciiLower(b[i])) return false;
  }
  return true;
}

// A token of RFC 9110 section 5.6.2: what a field name or a method is made of.
constexpr bool IsToken(std::string_view text) noexcept {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (AsciiLower(c) >= 'a' && AsciiLower(c) <= 'z');
    if (!plain && kMarks.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_TEXT_H_
