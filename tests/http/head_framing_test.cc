// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "head_play.h"

namespace weft::internal {
namespace {

struct FramedHead {
  const char* title;
  std::string lines;
  int status;  // 0: good
};

// Plays each case as lines of a POST, whole and split everywhere.
void Play(const char* version, const std::vector<FramedHead>& cases) {
  for (const FramedHead& c : cases) {
    SCOPED_TRACE(c.title);
    const std::string bytes = "POST / " + std::string(version) + "\r\nHost: a\r\n" + c.lines + "\r\n";
    const Outcome whole = FeedWhole(bytes);
    EXPECT_EQ(whole.status, c.status) << whole;
    EXPECT_EQ(FindSplitThatMatters(bytes), std::string_view::npos);
  }
}

TEST(HeadParser, JudgesContentLength) {  // RFC 9110 section 8.6, RFC 9112 section 6.3
  Play("HTTP/1.1", {
      {"zero", "Content-Length: 0\r\n", 0},
      {"leading zeros", "Content-Length: 007\r\n", 0},
      {"largest", "Content-Length: 9223372036854775807\r\n", 0},
      {"one more", "Content-Length: 9223372036854775808\r\n", 400},
      {"2^64", "Content-Length: 18446744073709551616\r\n", 400},
      {"wraps to 5", "Content-Length: 18446744073709551621\r\n", 400},
      {"forty digits", "Content-Length: 1000000000000000000000000000000000000000\r\n", 400},
      {"empty", "Content-Length:\r\n", 400},
      {"plus", "Content-Length: +1\r\n", 400},
      {"minus", "Content-Length: -1\r\n", 400},
      {"hexadecimal", "Content-Length: 0x10\r\n", 400},
      {"blank inside", "Content-Length: 1 0\r\n", 400},
      {"fraction", "Content-Length: 1.0\r\n", 400},
      {"list of equals", "Content-Length: 1, 1\r\n", 400},
      {"comma", "Content-Length: 1,\r\n", 400},
      {"twice different", "Content-Length: 1\r\nContent-Length: 2\r\n", 400},
      {"twice equal", "Content-Length: 1\r\ncontent-length: 1\r\n", 400},
      {"text", "Content-Length: many\r\n", 400},
      {"with chunked", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 400},
      {"behind chunked", "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", 400},
      {"zero with chunked", "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400},
      {"another name of the same size", "Content-Lengths: x\r\nContent_Length: x\r\n", 0},
  });
}

TEST(HeadParser, JudgesTransferEncoding) {  // RFC 9112 sections 6.1, 6.3 and 7
  Play("HTTP/1.1", {
      {"chunked", "Transfer-Encoding: chunked\r\n", 0},
      {"any case", "TRANSFER-ENCODING: ChunKed\r\n", 0},
      {"blanks around", "Transfer-Encoding: \t chunked \t\r\n", 0},
      {"unknown coding before chunked", "Transfer-Encoding: gzip, chunked\r\n", 501},
      {"unknown coding with a parameter", "Transfer-Encoding: foo;q=1, chunked\r\n", 501},
      {"chunked is not last", "Transfer-Encoding: chunked, gzip\r\n", 400},
      {"chunked, identity", "Transfer-Encoding: chunked, identity\r\n", 400},
      {"no chunked", "Transfer-Encoding: gzip\r\n", 400},
      {"identity", "Transfer-Encoding: identity\r\n", 400},
      {"xchunked", "Transfer-Encoding: xchunked\r\n", 400},
      {"chunkedx", "Transfer-Encoding: chunkedx\r\n", 400},
      {"parameter of chunked", "Transfer-Encoding: chunked;q=1\r\n", 400},
      {"quoted", "Transfer-Encoding: \"chunked\"\r\n", 400},
      {"empty", "Transfer-Encoding:\r\n", 400},
      {"comma", "Transfer-Encoding: ,\r\n", 400},
      {"comma in front", "Transfer-Encoding: , chunked\r\n", 400},
      {"comma behind", "Transfer-Encoding: chunked,\r\n", 400},
      {"twice in a list", "Transfer-Encoding: chunked, chunked\r\n", 400},
      {"in two lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"in two lines, other first", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", 400},
      {"with an empty one", "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", 400},
      {"no-break space", "Transfer-Encoding: chunked\xA0\r\n", 400},
  });
  Play("HTTP/1.0", {
      {"chunked in 1.0", "Transfer-Encoding: chunked\r\n", 400},
      {"chunked with a length in 1.0", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", 400},
  });
}

TEST(HeadParser, JudgesExpect) {  // RFC 9110 section 10.1.1
  Play("HTTP/1.1", {
      {"100-continue", "Expect: 100-continue\r\n", 0},
      {"any case", "Expect: 100-Continue\r\n", 0},
      {"unknown", "Expect: 200-ok\r\n", 417},
      {"list with unknown", "Expect: 100-continue, x\r\n", 417},
      {"empty", "Expect:\r\n", 417},
  });
}

TEST(HeadParser, JudgesConnection) {  // RFC 9110 section 7.6.1
  Play("HTTP/1.1", {
      {"list", "Connection: keep-alive, Upgrade\r\n", 0},
      {"empty elements", "Connection: , close ,,\r\n", 0},
      {"unknown option", "Connection: x-trace\r\n", 0},
      {"no token", "Connection: a b\r\n", 400},
      {"quoted", "Connection: \"close\"\r\n", 400},
  });
}

TEST(HeadParser, LimitsEachPartWithItsOwnStatus) {  // RFC 9110 sections 15.5.15 and 15.5.22 (RFC 6585 section 5)
  const HeadLimits limits{.head_bytes = 128, .target_bytes = 16, .fields = 3};
  const auto judge = [&limits](const std::string& bytes) {
    EXPECT_EQ(FindSplitThatMatters(bytes, limits), std::string_view::npos) << bytes;
    return FeedWhole(bytes, limits).status;
  };
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";

  EXPECT_EQ(judge("GET /" + std::string(15, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
  EXPECT_EQ(judge("GET /" + std::string(16, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
  EXPECT_EQ(judge("GET /" + std::string(15, 'a') + "\x01 HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET /" + std::string(500, 'a')), 414);
  EXPECT_EQ(judge(head + "A: 1\r\nB: 2\r\n\r\n"), 0);
  EXPECT_EQ(judge(head + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n"), 431);
  const std::string filler(128 - head.size() - 7, 'x');
  EXPECT_EQ(judge(head + "A: " + filler + "\r\n\r\n"), 0);
  EXPECT_EQ(judge(head + "A: " + filler + "x\r\n\r\n"), 431);
  EXPECT_EQ(judge(head + "A: " + filler + "xxxxxxxxxx\x01\r\n\r\n"), 431);
  EXPECT_EQ(judge(head + std::string(500, 'n')), 431);
}

TEST(HeadParser, TakesATargetOfAnySizeThatTheHeadAllows) {
  const HeadLimits limits{.head_bytes = 64, .target_bytes = 0xFFFFFFFF, .fields = 3};

  EXPECT_EQ(FeedWhole("GET /" + std::string(30, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits).status, 0);
  EXPECT_EQ(FeedWhole("GET /" + std::string(70, 'a'), limits).status, 414);
}

}  // namespace
}  // namespace weft::internal
