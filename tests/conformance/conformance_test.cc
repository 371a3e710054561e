// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "case.h"
#include "docs_table.h"
#include "player.h"
#include "replay.h"
#include "transcript.h"

namespace weft::conformance {
namespace {

const std::vector<Table>& Tables() {
  static const std::vector<Table> tables = ReadTables(WEFT_CONFORMANCE_CASES);
  return tables;
}

void ExpectNone(const std::vector<std::string>& failures) {
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < failures.size() && i < kShown; ++i) ADD_FAILURE() << failures[i];
  if (failures.size() > kShown) ADD_FAILURE() << failures.size() - kShown << " more";
}

// One for each table, by its name.
class Conformance : public ::testing::TestWithParam<std::string> {
 protected:
  static const Table& Cases() {
    return *std::find_if(Tables().begin(), Tables().end(), [](const Table& table) { return table.name == GetParam(); });
  }
};

TEST_P(Conformance, InOnePiece) { ExpectNone(Play(Cases(), Way::kWhole)); }
TEST_P(Conformance, GluedToTheNextRequest) { ExpectNone(Play(Cases(), Way::kGlued)); }
TEST_P(Conformance, CutAtEachByte) { ExpectNone(Play(Cases(), Way::kSplit)); }
TEST_P(Conformance, ByteByByte) { ExpectNone(Play(Cases(), Way::kTrickled)); }
TEST_P(Conformance, OnThePureFunctions) { ExpectNone(Replay(Cases())); }

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Table& table : Tables()) names.push_back(table.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Table, Conformance, ::testing::ValuesIn(Names()), [](const auto& row) { return row.param; });

TEST(ConformanceTables, HoldAllCases) {
  std::size_t cases = 0;
  for (const Table& table : Tables()) cases += table.cases.size();
  EXPECT_GE(cases, 260u);
}

TEST(ConformanceTables, NameEachCaseOnceWithItsRule) {
  for (const Table& table : Tables()) {
    std::set<std::string> titles;
    EXPECT_FALSE(table.about.empty()) << table.name;
    for (const Case& c : table.cases) {
      EXPECT_TRUE(titles.insert(c.title).second) << table.name << ": " << c.title;
      EXPECT_TRUE(c.rule.starts_with("RFC ")) << table.name << ": " << c.title;
    }
  }
}

// With WEFT_WRITE_DOCS set it mends the page.
TEST(ConformanceTables, AreWhatTheDocsSay) {
  constexpr std::string_view kBegin = "<!-- from the tables -->\n";
  constexpr std::string_view kEnd = "<!-- end -->";
  std::ifstream in(WEFT_CONFORMANCE_DOCS);
  std::string page{std::istreambuf_iterator<char>(in), {}};
  const std::size_t begin = page.find(kBegin) + kBegin.size();
  const std::size_t end = page.find(kEnd);
  ASSERT_LE(begin, end);
  ASSERT_NE(end, std::string::npos);
  const std::string wanted = RenderForDocs(Tables());
  const bool write = std::getenv("WEFT_WRITE_DOCS") != nullptr;
  if (!write) {
    EXPECT_EQ(page.substr(begin, end - begin), wanted) << "set WEFT_WRITE_DOCS and run this test again";
    return;
  }
  page.replace(begin, end - begin, wanted);
  std::ofstream(WEFT_CONFORMANCE_DOCS) << page;
}

TEST(ConformanceTables, UnderstandTheirEscapes) {
  EXPECT_EQ(Unescape(R"(a\r\n\t\0\\\x7F\*3(ab)c)"), std::string("a\r\n\t\0\\\x7F" "abababc", 14));
  EXPECT_THROW(Unescape("\\q"), std::invalid_argument);
  EXPECT_THROW(Unescape("\\*x(a)"), std::invalid_argument);
}

TEST(ConformanceTranscript, SplitsResponses) {
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n";
  EXPECT_EQ(Statuses(TakeApart(one + chunked + "HTTP/1.1 204 x\r\n\r\n" + one, {}, true)), "200 200 204 200");
  EXPECT_EQ(Statuses(TakeApart("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" + one, {{200, true}}, true)), "200 200");
  EXPECT_EQ(Statuses(TakeApart(one.substr(0, one.size() - 1), {}, true)), "200cut");
  EXPECT_EQ(Statuses(TakeApart(chunked.substr(0, chunked.size() - 2), {}, true)), "200cut");
  EXPECT_EQ(Statuses(TakeApart(one + "junk", {}, true)), "200 0cut");
}

}  // namespace
}  // namespace weft::conformance
