// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/received_response.h>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <weft/http/internal/http1/response_parser.h>

namespace weft::internal {
namespace {

using Verdict = ResponseResult::Verdict;

struct Outcome {
  ResponseResult result;
  ReceivedResponse head;
};

Outcome Parse(std::string_view bytes, const ResponseLimits& limits = {}) {
  Outcome out;
  out.result = ParseResponseHead(bytes, limits, out.head);
  return out;
}

// In two pieces, cut at every byte, and byte by byte: each time in a buffer of its own.
void ExpectSameHoweverItIsSplit(std::string_view bytes, const ResponseLimits& limits = {}) {
  const Outcome whole = Parse(bytes, limits);
  const auto expect_same = [&](const Outcome& got, std::size_t cut) {
    EXPECT_EQ(got.result.verdict, whole.result.verdict) << bytes << " cut at " << cut;
    EXPECT_EQ(std::string_view(got.result.reason != nullptr ? got.result.reason : ""),
              std::string_view(whole.result.reason != nullptr ? whole.result.reason : ""))
        << bytes << " cut at " << cut;
    EXPECT_EQ(got.result.consumed, whole.result.consumed) << bytes << " cut at " << cut;
    EXPECT_EQ(got.head.status, whole.head.status) << bytes << " cut at " << cut;
    EXPECT_EQ(got.head.fields.size(), whole.head.fields.size()) << bytes << " cut at " << cut;
  };
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    Outcome got;
    const std::string first(bytes.substr(0, cut));
    got.result = ParseResponseHead(first, limits, got.head);
    if (got.result.verdict == Verdict::kNeedMore) got.result = ParseResponseHead(std::string(bytes), limits, got.head);
    expect_same(got, cut);
  }
  Outcome trickled;
  for (std::size_t size = 1; size <= bytes.size() && trickled.result.verdict == Verdict::kNeedMore; ++size) {
    trickled.result = ParseResponseHead(std::string(bytes.substr(0, size)), limits, trickled.head);
  }
  expect_same(trickled, bytes.size());
}

TEST(ResponseParser, TakesGoodHeads) {
  struct Row {
    std::string_view bytes;
    int status;
    std::size_t fields;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\n\r\n", 200, 0},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello", 200, 2},
      {"HTTP/1.0 404 Not Found\r\n\r\n", 404, 0},
      {"HTTP/1.7 204 \r\n\r\n", 204, 0},
      {"HTTP/1.1 999\r\nA:\r\n\r\n", 999, 1},  // RFC 9112 section 4: the phrase may be empty
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 100, 0},
      {"HTTP/1.1 500 \xC3\xA4\tb\r\nA: \t b \t\r\n\r\n", 500, 1},
  };
  for (const Row& row : rows) {
    const Outcome out = Parse(row.bytes);
    EXPECT_EQ(out.result.verdict, Verdict::kDone) << row.bytes << (out.result.reason != nullptr ? out.result.reason : "");
    EXPECT_EQ(out.result.consumed, row.bytes.find("\r\n\r\n") + 4) << row.bytes;
    EXPECT_EQ(out.head.status, row.status) << row.bytes;
    EXPECT_EQ(out.head.fields.size(), row.fields) << row.bytes;
    ExpectSameHoweverItIsSplit(row.bytes);
  }
}

TEST(ResponseParser, RejectsTable) {
  struct Row {
    const char* rfc;  // 9112 unless it says 9110
    std::string_view bytes;
    std::string_view reason;
  };
  const Row rows[] = {
      {"2.2", "HTTP/1.1 200 OK\nA: b\r\n\r\n", "bare LF"},
      {"2.2", "HTTP/1.1 200 OK\r\nA: b\n\r\n", "bare LF"},
      {"2.2", "HTTP/1.1 200 OK\rA", "bare CR"},
      {"2.2", "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", "bare CR"},
      {"2.2", "HTTP/1.1 200 OK\r\n\rX", "bare CR"},
      {"2.2", "HTTP/1.1 200 OK\r\n A: b\r\n\r\n", "whitespace before the first field"},
      {"2.3", "HTTP/2.0 200 OK\r\n\r\n", "HTTP version not supported"},
      {"2.3", "http/1.1 200 OK\r\n\r\n", "not HTTP"},
      {"2.3", "HTTP/1.10 200 OK\r\n\r\n", "malformed HTTP version"},
      {"2.3", "SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"},
      {"2.3", "\r\nHTTP/1.1 200 OK\r\n\r\n", "not HTTP"},
      {"4", "HTTP/1.1  200 OK\r\n\r\n", "malformed status"},
      {"4", "HTTP/1.1 20 OK\r\n\r\n", "malformed status"},
      {"4", "HTTP/1.1 2000 OK\r\n\r\n", "malformed status"},
      {"4", "HTTP/1.1 099 OK\r\n\r\n", "malformed status"},
      {"4", "HTTP/1.1 +20 OK\r\n\r\n", "malformed status"},
      {"4", std::string_view("HTTP/1.1 200 O\0K\r\n\r\n", 20), "control byte in the reason phrase"},
      {"5.1", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "whitespace before the colon"},
      {"5.1", "HTTP/1.1 200 OK\r\n: b\r\n\r\n", "empty field name"},
      {"5.1", "HTTP/1.1 200 OK\r\nA\r\n\r\n", "field line without a colon"},
      {"5.1", "HTTP/1.1 200 OK\r\nA\"b: c\r\n\r\n", "malformed field name"},
      {"5.2", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "folded field line"},
      {"9110 5.5", "HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n", "control byte in a field value"},
      {"6.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "unknown transfer coding"},
      {"6.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", "unknown transfer coding"},
      {"6.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "more than one Transfer-Encoding"},
      {"6.1", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding in HTTP/1.0"},
      {"6.3", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "Content-Length together with Transfer-Encoding"},
      {"6.3", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", "more than one Content-Length"},
      {"6.3", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "malformed Content-Length"},
      {"6.3", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed Content-Length"},
      {"6.3", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", "malformed Content-Length"},
      {"6.3", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "malformed Content-Length"},
      {"9110 7.6.1", "HTTP/1.1 200 OK\r\nConnection: cl ose\r\n\r\n", "malformed Connection"},
  };
  for (const Row& row : rows) {
    const Outcome out = Parse(row.bytes);
    EXPECT_EQ(out.result.verdict, Verdict::kBad) << row.rfc << ": " << row.bytes;
    EXPECT_EQ(std::string_view(out.result.reason != nullptr ? out.result.reason : ""), row.reason) << row.rfc << ": " << row.bytes;
    ExpectSameHoweverItIsSplit(row.bytes);
  }
}

TEST(ResponseParser, LimitsAreCountedInBytesOfTheWire) {
  const std::string head = "HTTP/1.1 200 OK\r\nA: bc\r\n\r\n";
  EXPECT_EQ(Parse(head, {.head_bytes = 26}).result.verdict, Verdict::kDone);
  EXPECT_EQ(Parse(head, {.head_bytes = 25}).result.verdict, Verdict::kTooLarge);
  EXPECT_EQ(Parse(head, {.fields = 0}).result.verdict, Verdict::kTooLarge);
  EXPECT_EQ(Parse("HTTP/1.1 200 " + std::string(100, 'x'), {.head_bytes = 64}).result.verdict, Verdict::kTooLarge);
  ExpectSameHoweverItIsSplit(head, {.head_bytes = 25});
  ExpectSameHoweverItIsSplit(head, {.fields = 0});
}

TEST(FrameReceived, Table) {
  struct Row {
    const char* what;
    std::string_view bytes;
    RequestedBy request;
    BodyKind kind;
    std::uint64_t length;
    bool keep_alive;
    bool tunnel;
  };
  const Row rows[] = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {}, BodyKind::kLength, 5, true, false},
      {"no body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", {}, BodyKind::kNone, 0, true, false},
      {"chunked", "HTTP/1.1 200 OK\r\ntransfer-encoding: CHUNKED\r\n\r\n", {}, BodyKind::kChunked, 0, true, false},
      {"6.3 rule 8", "HTTP/1.1 200 OK\r\n\r\n", {}, BodyKind::kUntilClose, 0, false, false},
      {"9.3 close", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close\r\n\r\n", {}, BodyKind::kLength, 5, false, false},
      {"9.3 1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", {}, BodyKind::kLength, 5, false, false},
      {"9.3 1.0 that keeps", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", {}, BodyKind::kLength, 5, true, false},
      {"6.3 rule 1, HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", {.head = true}, BodyKind::kNone, 0, true, false},
      {"6.3 rule 1, HEAD of chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", {.head = true}, BodyKind::kNone, 0, true, false},
      {"6.3 rule 1, 304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", {}, BodyKind::kNone, 0, true, false},
      {"6.3 rule 1, 204", "HTTP/1.1 204 No Content\r\n\r\n", {}, BodyKind::kNone, 0, true, false},
      {"204 with a length of 0, as many send it", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", {}, BodyKind::kNone, 0, true, false},
      {"204 that announces a body is not believed", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", {}, BodyKind::kNone, 0, false, false},
      {"6.3 rule 2", "HTTP/1.1 200 OK\r\n\r\n", {.connect = true}, BodyKind::kNone, 0, false, true},
      {"a rejected CONNECT", "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\n", {.connect = true}, BodyKind::kLength, 5, true, false},
      {"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", {}, BodyKind::kNone, 0, false, true},
  };
  for (const Row& row : rows) {
    const Outcome out = Parse(row.bytes);
    ASSERT_EQ(out.result.verdict, Verdict::kDone) << row.what;
    const ReceivedFraming framing = FrameReceived(out.head, row.request);
    EXPECT_EQ(framing.kind, row.kind) << row.what;
    EXPECT_EQ(framing.length, row.length) << row.what;
    EXPECT_EQ(framing.keep_alive, row.keep_alive) << row.what;
    EXPECT_EQ(framing.tunnel, row.tunnel) << row.what;
  }
}

}  // namespace
}  // namespace weft::internal
