// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/utf8.h>

#include <cstdint>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

// RFC 3629 section 3.
std::string Encoded(std::uint32_t point) {
  const auto low = [point](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), low(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), low(6), low(0)};
  return {static_cast<char>(0xf0 | point >> 18), low(12), low(6), low(0)};
}

bool IsSurrogate(std::uint32_t point) { return point >= 0xd800 && point <= 0xdfff; }

TEST(Utf8, APartMayBecomeACharacterIfOneStartsWithIt) {
  std::set<std::string> parts;
  for (std::uint32_t point = 0x80; point <= 0x10ffff; point += 0x40) {  // those in between differ in their last byte alone
    if (IsSurrogate(point)) continue;
    const std::string character = Encoded(point);
    ASSERT_EQ(Utf8Length(character), character.size()) << point;
    for (std::size_t size = 1; size < character.size(); ++size) parts.insert(character.substr(0, size));
  }
  for (unsigned first = 0; first < 256; ++first) {
    std::string part(1, static_cast<char>(first));
    EXPECT_EQ(MayBecomeUtf8(part), parts.contains(part)) << first;
    for (unsigned second = 0x7f; second <= 0xc0; ++second) {
      part = {static_cast<char>(first), static_cast<char>(second)};
      EXPECT_EQ(MayBecomeUtf8(part), parts.contains(part)) << first << " " << second;
      for (const unsigned third : {0x7f, 0x80, 0xbf, 0xc0}) {
        const std::string longer = part + static_cast<char>(third);
        EXPECT_EQ(MayBecomeUtf8(longer), parts.contains(longer)) << first << " " << second << " " << third;
      }
    }
  }
  EXPECT_FALSE(MayBecomeUtf8("\xf0\x9f\x8d\xb5"));
}

TEST(Utf8, ThePrefixEndsBeforeTheFirstThatIsNoCharacter) {
  for (std::size_t ascii = 0; ascii < 20; ++ascii) {
    const std::string text = std::string(ascii, 'x') + "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xb5";
    EXPECT_EQ(Utf8Prefix(text), text.size());
    EXPECT_EQ(Utf8Prefix(text + "yyyyyyyyy"), text.size() + 9);
    for (const char* bad : {"\x80", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xc3", "\xe2\x82"}) {
      EXPECT_EQ(Utf8Prefix(text + bad), text.size());
      EXPECT_EQ(Utf8Prefix(text + bad + "yyyyyyyyy"), text.size());
    }
  }
}

}  // namespace
}  // namespace weft::internal
