// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/multipart_scanner.h>

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

using Step = MultipartScanner::Step;

// What the scanner says of a body that comes in pieces of this size: "<head>content|" for each part,
// then "." or what is wrong.
std::string Scan(const std::string& body, std::size_t piece, std::size_t head_max = 100) {
  MultipartScanner scanner("b", head_max);
  std::string found;
  std::string bytes;
  for (std::size_t shown = 0;;) {
    const MultipartScanner::Found next = scanner.Next(bytes, shown >= body.size());
    switch (next.step) {
      case Step::kNeedMore: break;
      case Step::kHead: found.append("<").append(next.data).append(">"); break;
      case Step::kData: found += next.data; break;
      case Step::kPartEnd: found += "|"; break;
      case Step::kEnd: return found + ".";
      case Step::kBad: return found + next.why;
    }
    bytes.erase(0, next.consumed);
    if (next.step != Step::kNeedMore) continue;
    EXPECT_LT(bytes.size(), scanner.Window());
    bytes += body.substr(shown, piece);
    shown += piece;
  }
}

std::string ScanAnyhow(const std::string& body, std::size_t head_max = 100) {
  const std::string whole = Scan(body, body.size() + 1, head_max);
  for (const std::size_t piece : {1u, 2u, 5u}) {
    EXPECT_EQ(Scan(body, piece, head_max), whole) << body;
  }
  return whole;
}

TEST(MultipartScanner, FindsPartsHoweverTheBytesAreCut) {
  EXPECT_EQ(ScanAnyhow("--b\r\nA: b\r\nC: d\r\n\r\n1\r\n--b\r\n\r\n2\r\n\r\n--b--"),
            "<A: b\r\nC: d\r\n>1|<>2\r\n|.");
  EXPECT_EQ(ScanAnyhow("--b\r\n\r\n\r\n-\r\n--\r\n--c\r\n--b--"), "<>\r\n-\r\n--\r\n--c|.");
}

TEST(MultipartScanner, PassesOverPreambleAndEpilogue) {
  EXPECT_EQ(ScanAnyhow("preamble\r\n--b \t\r\n\r\n--b-- \r\nepilogue"), "<>|.");
  EXPECT_EQ(ScanAnyhow("\r\n--c\r\n--b--"), ".");
}

TEST(MultipartScanner, BoundsTheHead) {
  EXPECT_EQ(ScanAnyhow("--b\r\nA: bcde\r\n\r\n--b--", 9), "<A: bcde\r\n>|.");
  EXPECT_EQ(ScanAnyhow("--b\r\nA: bcdef\r\n\r\n--b--", 9), "the head of a part is too long");
  EXPECT_EQ(ScanAnyhow("--b\r\n" + std::string(1000, 'x'), 9), "the head of a part is too long");
}

TEST(MultipartScanner, KnowsWhatABoundaryIs) {
  for (const char* good : {"a", "----WebKitFormBoundary7MA4YWxk", "a b", "'()+_,-./:=?"}) {
    EXPECT_TRUE(MultipartScanner::IsBoundary(good)) << good;
  }
  for (const char* bad : {"", "a ", "a\"", "a\r\n", "a\\b", "\xc3\xa9", "a;b", "<a>"}) {
    EXPECT_FALSE(MultipartScanner::IsBoundary(bad)) << bad;
  }
  EXPECT_TRUE(MultipartScanner::IsBoundary(std::string(70, 'a')));
  EXPECT_FALSE(MultipartScanner::IsBoundary(std::string(71, 'a')));
}

}  // namespace
}  // namespace weft::internal
