// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_CHAR_CLASS_H_
#define WEFT_HTTP_INTERNAL_CHAR_CLASS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace weft::internal {

// The sets of bytes in the grammar of HTTP, one bit each.
enum CharClass : std::uint8_t {
  kTokenChar = 1,   // tchar (RFC 9110 section 5.6.2)
  kValueChar = 2,   // field-vchar, SP and HTAB (RFC 9110 section 5.5)
  kTargetChar = 4,  // what we accept in a request target: visible ASCII except '#', '"', '<', '>' (RFC 3986 section 2)
  kHostChar = 8,    // reg-name without '%' (RFC 3986 section 3.2.2)
  kHexChar = 16,
  kDigitChar = 32,
  kPlainTargetChar = 64,  // the part of kTargetChar at which the reader of a target need not stop: all except '?' and '%'
};

constexpr std::array<std::uint8_t, 256> MakeCharClasses() {
  std::array<std::uint8_t, 256> table{};
  auto mark = [&table](std::string_view set, unsigned bit) {
    for (char c : set) table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(bit);
  };
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  mark(kDigits, kTokenChar | kHostChar | kHexChar | kDigitChar);
  mark(kLetters, kTokenChar | kHostChar);
  mark("abcdefABCDEF", kHexChar);
  mark("!#$%&'*+-.^_`|~", kTokenChar);
  mark("-._~!$&'()*+,;=", kHostChar);
  for (unsigned c = 0x21; c < 0x7F; ++c) {
    if (c == '#' || c == '"' || c == '<' || c == '>') continue;
    table[c] |= c == '?' || c == '%' ? kTargetChar : kTargetChar | kPlainTargetChar;
  }
  for (unsigned c = 0x20; c < 0x100; ++c) {
    if (c != 0x7F) table[c] |= kValueChar;
  }
  table['\t'] |= kValueChar;
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharClasses = MakeCharClasses();

inline unsigned ClassOf(char c) { return kCharClasses[static_cast<unsigned char>(c)]; }
inline bool Is(char c, CharClass set) { return (ClassOf(c) & set) != 0; }

// True if all bytes are in the set; also for no bytes. Four at a time: a branch for each byte costs more than its lookup.
inline bool AllAre(std::string_view text, CharClass set) {
  const char* p = text.data();
  const char* const end = p + text.size();
  for (; end - p >= 4; p += 4) {
    if ((ClassOf(p[0]) & ClassOf(p[1]) & ClassOf(p[2]) & ClassOf(p[3]) & set) == 0) return false;
  }
  for (; p != end; ++p) {
    if (!Is(*p, set)) return false;
  }
  return true;
}

// Field names and methods are tokens.
inline bool IsToken(std::string_view text) { return !text.empty() && AllAre(text, kTokenChar); }

// The bytes at `at`, as many as a T has, with the case of letters folded.
template <class T>
inline T FoldedBytes(const char* at) {
  T bytes;
  std::memcpy(&bytes, at, sizeof bytes);
  return bytes | static_cast<T>(0x2020202020202020);
}

// SP or HTAB (RFC 9110 section 5.6.3).
constexpr bool IsBlank(char c) noexcept { return c == ' ' || c == '\t'; }

// Whether the name is `lower`, ignoring case. `lower` is as long, and consists of letters and hyphens. For names, which are tokens: no
// other byte of a token than the letter's two cases, or a hyphen, folds to it. A few words at a time, since most fields pass through here.
template <std::size_t N>
inline bool NameIs(const char* name, const char (&lower)[N]) {
  constexpr std::size_t kSize = N - 1;
  using Word = std::conditional_t<kSize >= 8, std::uint64_t, std::uint32_t>;
  static_assert(kSize >= sizeof(Word));
  Word difference = FoldedBytes<Word>(name + kSize - sizeof(Word)) ^ FoldedBytes<Word>(lower + kSize - sizeof(Word));
  for (std::size_t at = 0; at + sizeof(Word) < kSize; at += sizeof(Word)) {
    difference |= FoldedBytes<Word>(name + at) ^ FoldedBytes<Word>(lower + at);
  }
  return difference == 0;
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_CHAR_CLASS_H_
