// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include <weft/http/internal/http1/head_parser.h>
#include <weft/http/internal/http1/request_framing.h>
#include <weft/http/internal/http1/response_framing.h>

namespace weft::internal {
namespace {

Head Parse(const std::string& request_line, const std::string& lines = {}) {
  Head head;
  const std::string bytes = request_line + "\r\nHost: a\r\n" + lines + "\r\n";
  EXPECT_EQ(ParseHead(bytes, {}, head).verdict, HeadResult::Verdict::kDone) << bytes;
  return head;
}

TEST(ClientKeepsAlive, FollowsVersionAndConnection) {  // RFC 9112 section 9.3
  struct Case {
    const char* version;
    const char* lines;
    bool expected;
  };
  const std::vector<Case> cases = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: keep-alive\r\n", true},
      {"1.1", "Connection: keep-alive, close\r\n", false},
      {"1.1", "Connection: x\r\nConnection: close\r\n", false},
      {"1.2", "", true},
      {"1.0", "", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
      {"1.0", "Connection: close\r\nConnection: keep-alive\r\n", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(ClientKeepsAlive(Parse(std::string("GET / HTTP/") + c.version, c.lines)), c.expected)
        << c.version << " " << c.lines;
  }
}

TEST(FrameRequest, FollowsTheFields) {  // RFC 9112 section 6.3
  EXPECT_EQ(FrameRequest(Parse("POST / HTTP/1.1")).kind, BodyKind::kNone);
  EXPECT_EQ(FrameRequest(Parse("POST / HTTP/1.1", "Content-Length: 0\r\n")).kind, BodyKind::kNone);
  EXPECT_EQ(FrameRequest(Parse("GET / HTTP/1.1", "Content-Length: 7\r\n")).kind, BodyKind::kLength);
  EXPECT_EQ(FrameRequest(Parse("GET / HTTP/1.1", "Content-Length: 7\r\n")).length, 7u);
  EXPECT_EQ(FrameRequest(Parse("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n")).kind, BodyKind::kChunked);
}

TEST(FrameRequest, WaitsForContinueOnlyIfThereIsABody) {  // RFC 9110 section 10.1.1
  const std::string expect = "Expect: 100-continue\r\n";

  EXPECT_TRUE(FrameRequest(Parse("POST / HTTP/1.1", expect + "Content-Length: 7\r\n")).expects_continue);
  EXPECT_FALSE(FrameRequest(Parse("POST / HTTP/1.1", expect)).expects_continue);
  EXPECT_FALSE(FrameRequest(Parse("POST / HTTP/1.0", expect + "Content-Length: 7\r\n")).expects_continue);
}

TEST(FrameResponse, WholeBodyHasItsLength) {
  const ResponseFraming framing = FrameResponse({.complete = true, .body_bytes = 5});

  EXPECT_EQ(framing.kind, BodyKind::kLength);
  EXPECT_EQ(framing.length, 5u);
  EXPECT_TRUE(framing.send_length && framing.send_body && framing.keep_alive);
}

TEST(FrameResponse, EmptyWholeBodySaysSo) {
  const ResponseFraming framing = FrameResponse({.status = 404, .complete = true});

  EXPECT_TRUE(framing.send_length);
  EXPECT_EQ(framing.length, 0u);
}

TEST(FrameResponse, StreamIsChunkedUnlessItsLengthWasDeclared) {  // RFC 9112 section 6.1
  EXPECT_EQ(FrameResponse({}).kind, BodyKind::kChunked);
  EXPECT_FALSE(FrameResponse({}).send_length);
  const ResponseFraming declared = FrameResponse({.declared_length = 9});
  EXPECT_EQ(declared.kind, BodyKind::kLength);
  EXPECT_EQ(declared.length, 9u);
}

TEST(FrameResponse, StreamToHttp10EndsWithTheConnection) {  // RFC 9112 section 6.3, rule 8
  const ResponseFraming framing = FrameResponse({.version_minor = 0});

  EXPECT_EQ(framing.kind, BodyKind::kUntilClose);
  EXPECT_FALSE(framing.keep_alive);
  EXPECT_TRUE(framing.send_body);
  EXPECT_TRUE(FrameResponse({.version_minor = 0, .complete = true, .body_bytes = 3}).keep_alive);
}

TEST(FrameResponse, StatusWithoutBodyHasNoFraming) {  // RFC 9110 sections 8.6, 15.2, 15.3.5
  for (int status : {100, 101, 103, 204}) {
    const ResponseFraming framing = FrameResponse({.status = status, .complete = true, .body_bytes = 5, .declared_length = 5});
    EXPECT_EQ(framing.kind, BodyKind::kNone) << status;
    EXPECT_FALSE(framing.send_length || framing.send_body) << status;
  }
}

TEST(FrameResponse, ResetContentIsEmpty) {  // RFC 9110 section 15.3.6
  const ResponseFraming framing = FrameResponse({.status = 205, .complete = true, .body_bytes = 5});

  EXPECT_FALSE(framing.send_body);
  EXPECT_TRUE(framing.send_length);
  EXPECT_EQ(framing.length, 0u);
}

TEST(FrameResponse, NotModifiedStatesOnlyADeclaredLength) {  // RFC 9110 section 15.4.5
  EXPECT_FALSE(FrameResponse({.status = 304, .complete = true, .body_bytes = 5}).send_length);
  const ResponseFraming declared = FrameResponse({.status = 304, .declared_length = 9});
  EXPECT_TRUE(declared.send_length);
  EXPECT_FALSE(declared.send_body);
  EXPECT_EQ(declared.kind, BodyKind::kNone);
}

TEST(FrameResponse, HeadStatesTheLengthOfGetIfItIsKnown) {  // RFC 9110 section 9.3.2
  const ResponseFraming written = FrameResponse({.head_request = true, .complete = true, .body_bytes = 5});
  EXPECT_FALSE(written.send_body);
  EXPECT_TRUE(written.send_length);
  EXPECT_EQ(written.length, 5u);
  EXPECT_EQ(FrameResponse({.head_request = true, .declared_length = 9}).length, 9u);
  EXPECT_FALSE(FrameResponse({.head_request = true, .complete = true}).send_length);
  const ResponseFraming stream = FrameResponse({.head_request = true, .version_minor = 0});
  EXPECT_FALSE(stream.send_length);
  EXPECT_TRUE(stream.keep_alive);
}

TEST(FrameResponse, TunnelHasNoFraming) {  // RFC 9110 section 9.3.6
  EXPECT_FALSE(FrameResponse({.status = 200, .connect_request = true, .complete = true}).send_length);
  EXPECT_TRUE(FrameResponse({.status = 403, .connect_request = true, .complete = true}).send_length);
}

TEST(FrameResponse, NeverKeepsAliveWhatShallClose) {
  for (int status : {101, 200, 204, 205, 304}) {
    EXPECT_FALSE(FrameResponse({.status = status, .keep_alive = false, .complete = true}).keep_alive) << status;
  }
}

TEST(WantsClose, SeesTheOptionInAnyLine) {
  const auto wants = [](std::string_view first, std::string_view second) {
    Fields fields;
    fields.Add("Connection", first);
    fields.Add("connection", second);
    return WantsClose(fields);
  };

  EXPECT_TRUE(wants("x", "upgrade , Close"));
  EXPECT_TRUE(wants("close", "x"));
  EXPECT_FALSE(wants("closed", "not-close"));
  EXPECT_FALSE(WantsClose(Fields()));
}

}  // namespace
}  // namespace weft::internal
