// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/label_table.h>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace weft::internal {
namespace {

std::unique_ptr<LabelEntry> Plain(LabelTable::Values) { return std::make_unique<LabelEntry>(); }

LabelEntry& Get(LabelTable& table, std::initializer_list<std::string_view> values) {
  return table.FindOrMake(LabelTable::Values(values.begin(), values.size()), Plain);
}

TEST(LabelTable, FindsWhatItHasMade) {
  LabelTable table;
  std::vector<LabelEntry*> made;
  for (int i = 0; i < 900; ++i) made.push_back(&Get(table, {"user", std::to_string(i)}));

  for (int i = 0; i < 900; ++i) ASSERT_EQ(&Get(table, {"user", std::to_string(i)}), made[static_cast<std::size_t>(i)]);
  EXPECT_NE(&Get(table, {"17", "user"}), made[17]) << "the order counts";
  EXPECT_EQ(table.From(0, 2000).size(), 901u);
  EXPECT_EQ(table.From(899, 10).size(), 2u);
  EXPECT_EQ(table.From(901, 10).size(), 0u);
}

// While one is being made, others come and want the same.
TEST(LabelTable, MakesOneForAllWhoComeAtOnce) {
  for (int round = 0; round < 50; ++round) {
    LabelTable table;
    std::atomic<int> coming{0}, made{0};
    std::vector<std::thread> threads;
    std::vector<LabelEntry*> got(3);
    for (std::size_t i = 0; i < got.size(); ++i) {
      threads.emplace_back([&, i] {
        const std::string_view values[] = {"new"};
        ++coming;
        got[i] = &table.FindOrMake(values, [&](LabelTable::Values all) {
          ++made;
          while (coming < 3) std::this_thread::yield();
          for (int k = 0; k < 100; ++k) std::this_thread::yield();
          return Plain(all);
        });
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(made, 1);
    ASSERT_EQ(got, std::vector<LabelEntry*>(3, got[0]));
  }
}

TEST(LabelTable, TheSharedOneIsTheOneWhoseValuesAreOther) {
  LabelTable table;
  LabelEntry& own = Get(table, {"other"});
  for (std::size_t i = 1; i < LabelTable::kEntriesMax - 1; ++i) Get(table, {std::to_string(i)});
  EXPECT_EQ(table.Overflow(), 0u);

  EXPECT_EQ(&Get(table, {"one more"}), &own);
  EXPECT_EQ(&Get(table, {"and another"}), &own);
  EXPECT_EQ(table.Overflow(), 2u);
  EXPECT_EQ(table.From(0, 2000).size(), LabelTable::kEntriesMax - 1);
}

}  // namespace
}  // namespace weft::internal
