// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include <weft/http/internal/http1/response_head_writer.h>

namespace weft::internal {
namespace {

constexpr std::string_view kDate = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

std::string Write(const ResponseHead& head) {
  std::string out(WriteResponseHead(nullptr, 0, head), '\0');
  EXPECT_EQ(WriteResponseHead(out.data(), out.size(), head), out.size());
  return out;
}

ResponseHead HeadOf(int status, const Fields& fields, const ResponseFacts& facts = {.complete = true, .body_bytes = 13}) {
  ResponseHead head;
  head.status = status;
  head.version_minor = facts.version_minor;
  head.fields = &fields;
  head.framing = FrameResponse(facts);
  head.date_line = kDate;
  return head;
}

TEST(DateCache, WritesTheFixedFormat) {  // RFC 9110 section 5.6.7
  DateCache cache;

  EXPECT_EQ(cache.LineAt(784111777), kDate);
  EXPECT_EQ(cache.LineAt(0), "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
  EXPECT_EQ(cache.LineAt(951782400), "Date: Tue, 29 Feb 2000 00:00:00 GMT\r\n");
  EXPECT_EQ(cache.LineAt(4102444799), "Date: Thu, 31 Dec 2099 23:59:59 GMT\r\n");
}

TEST(DateCache, KeepsTheLineWithinOneSecond) {
  DateCache cache;

  const std::string_view first = cache.LineAt(784111777);

  EXPECT_EQ(cache.LineAt(784111777).data(), first.data());
  EXPECT_EQ(cache.LineAt(784111778), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
}

TEST(WriteResponseHead, WritesAHelloResponse) {
  Fields fields;
  fields.Set("Content-Type", "text/plain");

  EXPECT_EQ(Write(HeadOf(200, fields)),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 13\r\n\r\n");
}

TEST(WriteResponseHead, NamesEveryStatus) {  // RFC 9112 section 4: the blank stays where no phrase follows
  const Fields none;
  const auto line = [&none](int status) {
    const std::string head = Write(HeadOf(status, none));
    return head.substr(0, head.find("\r\n"));
  };

  EXPECT_EQ(line(200), "HTTP/1.1 200 OK");
  EXPECT_EQ(line(204), "HTTP/1.1 204 No Content");
  EXPECT_EQ(line(304), "HTTP/1.1 304 Not Modified");
  EXPECT_EQ(line(404), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(line(503), "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(line(599), "HTTP/1.1 599 ");
}

TEST(WriteResponseHead, FramesAStreamByChunks) {
  const Fields none;

  EXPECT_EQ(Write(HeadOf(200, none, {})),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST(WriteResponseHead, FramingOfTheHandlerGivesWayToTheDecision) {  // RFC 9112 section 6
  Fields fields;
  fields.Add("content-length", "99");
  fields.Add("Transfer-Encoding", "gzip");
  fields.Add("connection", "keep-alive");

  EXPECT_EQ(Write(HeadOf(200, fields, {.keep_alive = false, .complete = true, .body_bytes = 1})),
            "HTTP/1.1 200 OK\r\n" + std::string(kDate) + "Content-Length: 1\r\nConnection: close\r\n\r\n");
}

TEST(WriteResponseHead, KeepsOtherConnectionOptions) {  // RFC 9110 section 7.8
  Fields fields;
  fields.Set("Connection", "Upgrade, close, x");
  fields.Set("Upgrade", "websocket");

  EXPECT_EQ(Write(HeadOf(101, fields, {.status = 101})),
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, x\r\nUpgrade: websocket\r\n" + std::string(kDate) + "\r\n");
}

TEST(WriteResponseHead, ListsUpgradeInConnection) {  // RFC 9110 sections 7.6.1, 7.8 and 15.5.22
  Fields fields;
  fields.Add("upgrade", "echo");
  const std::string begin = "HTTP/1.1 426 Upgrade Required\r\nupgrade: echo\r\n";
  const ResponseFacts facts{.status = 426, .complete = true};
  EXPECT_EQ(Write(HeadOf(426, fields, facts)), begin + "Connection: Upgrade\r\n" + std::string(kDate) + "Content-Length: 0\r\n\r\n");

  const ResponseFacts last{.status = 426, .keep_alive = false, .complete = true};
  EXPECT_EQ(Write(HeadOf(426, fields, last)),
            begin + "Connection: Upgrade\r\n" + std::string(kDate) + "Content-Length: 0\r\nConnection: close\r\n\r\n");

  fields.Add("Connection", "close");  // which says nothing of it
  fields.Add("Upgrade", "chat");
  EXPECT_EQ(Write(HeadOf(426, fields, facts)),
            begin + "Upgrade: chat\r\nConnection: Upgrade\r\n" + std::string(kDate) + "Content-Length: 0\r\n\r\n");

  fields.Add("Connection", "x, UPGRADE");
  EXPECT_EQ(Write(HeadOf(426, fields, facts)),
            begin + "Upgrade: chat\r\nConnection: x, UPGRADE\r\n" + std::string(kDate) + "Content-Length: 0\r\n\r\n");
}

TEST(WriteResponseHead, LeavesOutAnUpgradeThatOffersNothingOrIsInterim) {
  Fields fields;
  fields.Set("Upgrade", "");
  EXPECT_EQ(Write(HeadOf(200, fields, {.complete = true})), "HTTP/1.1 200 OK\r\n" + std::string(kDate) + "Content-Length: 0\r\n\r\n");

  fields.Set("Upgrade", "echo");
  EXPECT_EQ(Write(HeadOf(103, fields, {.status = 103})), "HTTP/1.1 103 Early Hints\r\n\r\n");
}

TEST(WriteResponseHead, SendsKeepAliveToHttp10) {  // RFC 9112 section 9.3
  const Fields none;
  const auto connection = [&none](bool keep_alive) {
    return Write(HeadOf(200, none, {.version_minor = 0, .keep_alive = keep_alive, .complete = true}));
  };

  EXPECT_NE(connection(true).find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  EXPECT_NE(connection(false).find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(WriteResponseHead, DateOfTheHandlerWins) {
  Fields fields;
  fields.Set("date", "Thu, 01 Jan 1970 00:00:00 GMT");

  const std::string head = Write(HeadOf(200, fields));

  EXPECT_EQ(head.find("Date"), std::string::npos);
  EXPECT_NE(head.find("date: Thu, 01 Jan 1970"), std::string::npos);
}

TEST(WriteResponseHead, GuessedTypeGivesWayToTheHandlers) {
  const auto types = [](std::string_view name, std::string_view value) {
    Fields fields;
    if (!name.empty()) fields.Set(name, value);
    ResponseHead head = HeadOf(200, fields);
    head.body = "%PDF-1.7";
    const std::string text = Write(head);
    return text.find("Content-Type: application/pdf\r\n") != std::string::npos;
  };

  EXPECT_TRUE(types("", ""));
  EXPECT_TRUE(types("X-Type", "a"));
  EXPECT_FALSE(types("content-type", "a/b"));
  EXPECT_FALSE(types("Content-Encoding", "gzip"));
}

TEST(WriteResponseHead, AnEmptyDateOrTypeStandsForNone) {
  Fields fields;
  fields.Set("Date", "");
  fields.Set("content-type", "");
  fields.Set("X-Empty", "");
  ResponseHead head = HeadOf(200, fields, {.complete = true, .body_bytes = 1});
  head.body = "%PDF-1.7";

  EXPECT_EQ(Write(head), "HTTP/1.1 200 OK\r\nX-Empty: \r\nContent-Length: 1\r\n\r\n");
}

TEST(WriteResponseHead, AnInterimResponseHasFieldsOnly) {  // RFC 9110 section 15.2
  Fields fields;
  fields.Set("Link", "</a.css>; rel=preload");
  fields.Set("Content-Length", "5");
  fields.Set("Connection", "x");
  ResponseHead head = HeadOf(103, fields, {.status = 103, .keep_alive = false});
  head.body = "%PDF-1.7";

  EXPECT_EQ(Write(head), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
}

TEST(WriteResponseHead, ReportsTheRoomItNeedsWhateverItGets) {
  Fields fields;
  fields.Set("X-Long", std::string(300, 'x'));
  fields.Set("Connection", "x");
  fields.Set("Upgrade", "echo");
  const ResponseHead head = HeadOf(200, fields);
  const std::string whole = Write(head);

  for (std::size_t capacity = 0; capacity <= whole.size(); ++capacity) {
    std::vector<char> exact(capacity);  // the sanitizer sees a write behind it
    EXPECT_EQ(WriteResponseHead(exact.data(), capacity, head), whole.size()) << capacity;
  }
}

TEST(WriteResponseHead, CopiesFieldsOfEverySize) {
  for (std::size_t size = 1; size < 70; ++size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + i % 26);
    Fields fields;
    fields.Set(text, text);
    EXPECT_NE(Write(HeadOf(200, fields)).find("\r\n" + text + ": " + text + "\r\n"), std::string::npos) << size;
  }
}

TEST(WriteSimpleError, IsACompleteResponseThatCloses) {
  std::string out(512, '\0');
  out.resize(WriteSimpleError(out.data(), out.size(), 400, "bare LF", kDate));

  EXPECT_EQ(out, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 25\r\n" +
                     std::string(kDate) + "Connection: close\r\n\r\n400 Bad Request: bare LF\n");
  EXPECT_EQ(WriteSimpleError(nullptr, 0, 400, "bare LF", kDate), out.size());
}

TEST(WriteSimpleError, SaysWhenToComeBack) {
  std::string out(512, '\0');
  out.resize(WriteSimpleError(out.data(), out.size(), 503, "", kDate, 2));

  EXPECT_NE(out.find("\r\nRetry-After: 2\r\n"), std::string::npos);
  EXPECT_TRUE(out.ends_with("\r\n\r\n503 Service Unavailable\n"));
}

TEST(WriteChunkHeaderBefore, EndsWhereTheDataBegins) {  // RFC 9112 section 7.1
  const auto header = [](std::uint64_t size) {
    char room[kChunkHeaderMax];
    const char* const begin = WriteChunkHeaderBefore(room + sizeof room, size);
    return std::string(begin, static_cast<std::size_t>(room + sizeof room - begin));
  };

  EXPECT_EQ(header(1), "1\r\n");
  EXPECT_EQ(header(0x1F40), "1f40\r\n");
  EXPECT_EQ(header(~std::uint64_t{0}), "ffffffffffffffff\r\n");
}

TEST(WriteLastChunk, LeavesForbiddenTrailersOut) {  // RFC 9110 section 6.5.1
  Fields trailers;
  trailers.Set("Digest", "abc");
  trailers.Set("Content-Length", "5");
  std::string out(64, '\0');
  out.resize(WriteLastChunk(out.data(), out.size(), trailers));

  EXPECT_EQ(out, "0\r\nDigest: abc\r\n\r\n");
}

}  // namespace
}  // namespace weft::internal
