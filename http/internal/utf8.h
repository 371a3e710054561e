// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_UTF8_H_
#define WEFT_HTTP_INTERNAL_UTF8_H_

#include <cstddef>
#include <string_view>

namespace weft::internal {

// U+FFFD, which stands for bytes that are no UTF-8.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

// How many bytes the character at the start of `text`, which is not empty, has in UTF-8 (RFC 3629:
// no overlong forms, no surrogates, nothing above U+10FFFF); 0 if there is none.
constexpr std::size_t Utf8Length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [byte](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return follows(1) ? 2 : 0;
  if (first < 0xF0) {
    return follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF) && follows(2) ? 3
                                                                                              : 0;
  }
  if (first > 0xF4) return 0;
  return follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF) && follows(2) &&
                 follows(3)
             ? 4
             : 0;
}

// Whether all of it is UTF-8.
constexpr bool IsUtf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Whether the last character of `text` is whole. What precedes it is UTF-8.
constexpr bool EndsWithWholeCharacter(std::string_view text) noexcept {
  std::size_t at = text.size();
  for (int i = 0; i < 4 && at > 0; ++i) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) break;
  }
  return IsUtf8(text.substr(at));
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_UTF8_H_
