// SPDX-License-Identifier: Apache-2.0
#include <weft/http/fields.h>

#include <string>

#include <gtest/gtest.h>

namespace weft {
namespace {

std::string Listed(const Fields& fields) {
  std::string all;
  for (const auto& [name, value] : fields) all.append(name).append("=").append(value).append(";");
  return all;
}

TEST(Fields, NamesCompareWithoutRegardToCaseAndKeepTheirSpelling) {
  Fields fields;

  fields.Add("X-Id", "7");

  EXPECT_EQ(fields.Get("x-ID"), "7");
  EXPECT_TRUE(fields.Has("X-ID"));
  EXPECT_EQ(Listed(fields), "X-Id=7;");
}

TEST(Fields, AnAbsentFieldIsEmpty) {
  Fields fields;
  fields.Add("A", "");

  EXPECT_EQ(fields.Get("B"), "");
  EXPECT_FALSE(fields.Has("B"));
  EXPECT_TRUE(fields.Has("A"));
}

TEST(Fields, AddKeepsOrderAndRepetition) {
  Fields fields;

  fields.Add("A", "1");
  fields.Add("B", "2");
  fields.Add("a", "3");

  EXPECT_EQ(Listed(fields), "A=1;B=2;a=3;");
  EXPECT_EQ(fields.Values("A"), (std::vector<std::string_view>{"1", "3"}));
}

TEST(Fields, SetReplacesAllInThePlaceOfTheFirst) {
  Fields fields;
  fields.Add("A", "1");
  fields.Add("B", "2");
  fields.Add("a", "3");

  fields.Set("A", "4");

  EXPECT_EQ(Listed(fields), "A=4;B=2;");
}

TEST(Fields, SetMayTakeAViewOfWhatItReplaces) {
  Fields fields;
  fields.Add("A", "one");
  fields.Add("A", "two");

  fields.Set("A", fields.Values("A")[1]);

  EXPECT_EQ(Listed(fields), "A=two;");
}

TEST(Fields, DelDeletesAllOfThatName) {
  Fields fields;
  fields.Add("A", "1");
  fields.Add("B", "2");
  fields.Add("a", "3");

  fields.Del("A");

  EXPECT_EQ(Listed(fields), "B=2;");
}

TEST(Fields, ViewsStayWhereTheyAreWhileOthersAreAdded) {
  Fields fields;
  fields.Add("First", "value");
  const std::string_view first = fields.Get("First");

  for (int i = 0; i < 1000; ++i) fields.Add("Name-" + std::to_string(i), std::string(100, 'x'));

  EXPECT_EQ(first, "value");
  EXPECT_EQ(first.data(), fields.Get("First").data());
  EXPECT_EQ(fields.Get("Name-999"), std::string(100, 'x'));
}

TEST(Fields, BlanksAroundAValueAreCutOff) {
  Fields fields;

  fields.Set("A", " \t a b \t");
  fields.Set("B", "  ");

  EXPECT_EQ(fields.Get("A"), "a b");
  EXPECT_EQ(fields.Get("B"), "");
}

TEST(Fields, RefusesWhatCouldSplitAMessage) {
  using namespace std::string_view_literals;
  struct Row {
    std::string_view name;
    std::string_view value;
  };
  const Row rows[] = {
      {"A", "x\r\nSet-Cookie: y"}, {"A", "x\ny"}, {"A", "x\ry"},  {"A", "x\0y"sv}, {"A", "\x7f"}, {"A", "\x01"},
      {"", "x"},                   {"A B", "x"},  {"A:", "x"},    {"A\r\n", "x"},  {"Ä", "x"},    {"A\0"sv, "x"},
      {"(A)", "x"},                {"A/B", "x"},  {"\"A\"", "x"}, {" A", "x"},
  };
  Fields fields;
  fields.Set("A", "before");

  for (const Row& row : rows) {
    EXPECT_FALSE(fields.Set(row.name, row.value)) << row.name << ": " << row.value;
    EXPECT_FALSE(fields.Add(row.name, row.value)) << row.name << ": " << row.value;
  }

  EXPECT_EQ(Listed(fields), "A=before;");
}

TEST(Fields, EveryByteAtEveryPlaceIsLookedAt) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    for (std::size_t place = 1; place < 20; ++place) {
      for (const char around : {'x', '\xff', '\x80', '~'}) {
        std::string value(21, around);
        value[place] = static_cast<char>(byte);
        EXPECT_EQ(Fields().Set("A", value), allowed) << byte << " at " << place;
      }
    }
  }
}

TEST(Fields, TabsAndBytesBeyondAsciiAreAllowedInAValue) {
  Fields fields;

  EXPECT_TRUE(fields.Set("A", "a\tb"));
  EXPECT_TRUE(fields.Set("B", "gr\xc3\xbc\xc3\x9f"));

  EXPECT_EQ(fields.Get("A"), "a\tb");
  EXPECT_EQ(fields.Get("B"), "gr\xc3\xbc\xc3\x9f");
}

TEST(Fields, ABorrowedFieldIsAViewOfTheCallersBytes) {
  const std::string bytes = "Host: a.test";
  Fields fields;

  fields.AddBorrowed(std::string_view(bytes).substr(0, 4), std::string_view(bytes).substr(6));

  EXPECT_EQ(fields.Get("host").data(), bytes.data() + 6);
}

TEST(Fields, ClearForgetsEverything) {
  Fields fields;
  for (int i = 0; i < 100; ++i) fields.Add("A", std::string(1000, 'x'));

  fields.Clear();
  fields.Add("B", "2");

  EXPECT_EQ(Listed(fields), "B=2;");
}

TEST(Fields, RememberTheFirstOneThatWasRefused) {
  Fields fields;
  fields.Set("A", "1");
  EXPECT_EQ(fields.Refused(), "");
  EXPECT_FALSE(fields.Set("Authorization", "Bearer x\n"));
  EXPECT_FALSE(fields.Add("B", "\r"));
  EXPECT_EQ(fields.Refused(), "Authorization: a line feed in the value");
  EXPECT_EQ(Listed(fields), "A=1;");
  fields.Clear();
  EXPECT_EQ(fields.Refused(), "");
  EXPECT_FALSE(fields.Add("a b", "1"));
  EXPECT_EQ(fields.Refused(), "a name that is not a token");
  fields.Clear();
  EXPECT_FALSE(fields.Add("C", std::string_view("\0", 1)));
  EXPECT_EQ(fields.Refused(), "C: a control byte in the value");
}

}  // namespace
}  // namespace weft
