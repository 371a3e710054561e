// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_UTF8_H_
#define WEFT_HTTP_INTERNAL_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
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

// How many bytes at the start of `text` are whole characters of UTF-8.
inline std::size_t Utf8Prefix(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t eight;
    if (text.size() - at >= sizeof eight) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
      if ((eight & 0x8080808080808080) == 0) {
        at += sizeof eight;
        continue;
      }
    }
    const std::size_t length = Utf8Length(text.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

// Whether all of it is UTF-8.
inline bool IsUtf8(std::string_view text) noexcept { return Utf8Prefix(text) == text.size(); }

// Whether `part`, which is not empty, is a part of a character from its start on, so that more bytes
// may complete it.
constexpr bool MayBecomeUtf8(std::string_view part) noexcept {
  const auto first = static_cast<unsigned char>(part[0]);
  if (part.size() == 1) return first >= 0xC2 && first <= 0xF4;
  if (part.size() > 3) return false;
  // Only the second byte of a character is limited by the first one.
  const char all[] = {part[0], part[1], part.size() > 2 ? part[2] : '\x80', '\x80'};
  return Utf8Length({all, sizeof all}) > part.size();
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_UTF8_H_
