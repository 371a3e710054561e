// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/scan.h>

#include <cstddef>
#include <string>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

// Every byte, at every place of a piece of text that is longer than the blocks in which it is looked at, with every room behind it.
template <class Skip>
void StopsAtTheFirstByteOutside(Skip skip, CharClass inside, char filler) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 40; ++at) {
      std::string text(56, filler);
      text[at] = static_cast<char>(byte);
      for (const std::size_t size : {at + 1, at + 8, at + 16}) {
        const std::size_t expected = Is(text[at], inside) ? size : at;
        ASSERT_EQ(static_cast<std::size_t>(skip(text.data(), text.data() + size) - text.data()), expected)
            << "byte " << byte << " at " << at << " of " << size;
      }
    }
  }
}

TEST(Scan, TokensEndAtTheFirstByteThatIsNotOfATokenChar) {
  for (const char filler : {'a', 'Z', '0', '9', '-', '_', '!', '~', '|', '`', '^'}) StopsAtTheFirstByteOutside(SkipToken, kTokenChar, filler);
}

TEST(Scan, ValuesEndAtTheFirstByteThatIsNotOfAValueChar) {
  for (const char filler : {'a', ' ', '\t', '~', '\xff'}) StopsAtTheFirstByteOutside(SkipValue, kValueChar, filler);
}

// Every byte at every place of texts of every size up to some blocks.
template <class Block>
void SaysWhetherAllAreInside(CharClass inside) {
  for (std::size_t size = 0; size < 40; ++size) {
    EXPECT_TRUE(AllInBlocks<Block>(std::string(size, 'a'), inside));
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        ASSERT_EQ(AllInBlocks<Block>(text, inside), Is(text[at], inside)) << "byte " << byte << " at " << at << " of " << size;
      }
    }
  }
}

TEST(Scan, SaysWhetherATextIsAllOfTokenChars) { SaysWhetherAllAreInside<TokenBlock>(kTokenChar); }

TEST(Scan, SaysWhetherATextIsAllOfValueChars) { SaysWhetherAllAreInside<ValueBlock>(kValueChar); }

}  // namespace
}  // namespace weft::internal
