// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_TEXT_H_
#define WEFT_HTTP_INTERNAL_TEXT_H_

#include <cstddef>
#include <string_view>

namespace weft::internal {

// Letters of ASCII only, whatever the locale.
constexpr char ToLower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

constexpr bool EqualsIgnoreCase(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  // Names are nearly always spelled the same, or differ in the first letter.
  if (!a.empty() && ToLower(a[0]) != ToLower(b[0])) return false;
  if (a == b) return true;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (ToLower(a[i]) != ToLower(b[i])) return false;
  }
  return true;
}

// Removes SP and HTAB from both ends (OWS, RFC 9110 section 5.6.3).
constexpr std::string_view TrimBlanks(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `each` with the trimmed, non-empty elements of a comma-separated list, while it returns true; false if a call did not
// (RFC 9110 section 5.6.1). No quoted strings.
template <class F>
bool ForEachElement(std::string_view list, F each) {
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view element = TrimBlanks(list.substr(0, comma));
    if (!element.empty() && !each(element)) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_TEXT_H_
