// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/internal/literal_table.h>

#include <deque>
#include <string>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

TEST(LiteralTable, HasNothingAtFirst) {
  const LiteralTable table;
  EXPECT_EQ(table.Find("a"), LiteralTable::kAbsent);
  EXPECT_EQ(table.Find(""), LiteralTable::kAbsent);
}

TEST(LiteralTable, FindsWhatWasAddedAndNothingElse) {
  LiteralTable table;
  std::deque<std::string> texts;  // which does not move them
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    texts.push_back("resource" + std::to_string(i));
    table.Add(texts.back(), i);
  }
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    EXPECT_EQ(table.Find(texts[i]), i);
    EXPECT_EQ(table.Find(texts[i] + "x"), LiteralTable::kAbsent);
  }
  EXPECT_EQ(table.Find("resource10000"), LiteralTable::kAbsent);
  EXPECT_EQ(table.Find("resource"), LiteralTable::kAbsent);
}

// Each byte of a text counts, wherever it is.
TEST(LiteralTable, DistinguishesTextsOfAnyLength) {
  LiteralTable table;
  std::deque<std::string> texts;
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      texts.emplace_back(size, 'a');
      texts.back()[at] = 'b';
      table.Add(texts.back(), static_cast<std::uint32_t>(texts.size() - 1));
    }
  }
  for (std::uint32_t i = 0; i < texts.size(); ++i) EXPECT_EQ(table.Find(texts[i]), i) << texts[i];
  for (std::size_t size = 0; size <= 41; ++size) EXPECT_EQ(table.Find(std::string(size, 'a')), LiteralTable::kAbsent) << size;
}

}  // namespace
}  // namespace weft::internal
