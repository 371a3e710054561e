// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "head_play.h"

namespace weft::internal {
namespace {

// A head that was parsed, with its bytes.
struct Parsed {
  explicit Parsed(std::string text) : bytes(std::move(text)) {
    result = ParseHead(bytes, {}, head);
    EXPECT_EQ(result.verdict, HeadResult::Verdict::kDone) << bytes << (result.reason != nullptr ? result.reason : "");
  }
  std::string_view View(Span span) const { return span.In(bytes.data()); }
  std::string_view Path() const { return head.PathIn(bytes.data()); }

  std::string bytes;
  Head head;
  HeadResult result;
};

Parsed WithTarget(const std::string& target, const std::string& method = "GET") {
  return Parsed(method + " " + target + " HTTP/1.1\r\nHost: field.example\r\n\r\n");
}

Parsed WithLines(const std::string& lines, const std::string& version = "HTTP/1.1") {
  return Parsed("POST / " + version + "\r\nHost: a\r\n" + lines + "\r\n");
}

TEST(Head, SplitsAnOriginTarget) {
  const Parsed p = WithTarget("/a/b%20c?x=1?y");

  EXPECT_EQ(p.head.form, TargetForm::kOrigin);
  EXPECT_EQ(p.View(p.head.method), "GET");
  EXPECT_EQ(p.View(p.head.target), "/a/b%20c?x=1?y");
  EXPECT_EQ(p.Path(), "/a/b%20c");
  EXPECT_EQ(p.View(p.head.query), "x=1?y");
  EXPECT_TRUE(p.head.has_query);
  EXPECT_TRUE(p.head.path_escaped);
  EXPECT_EQ(p.View(p.head.host), "field.example");
}

TEST(Head, DistinguishesAnEmptyQueryFromNone) {
  EXPECT_TRUE(WithTarget("/?").head.has_query);
  EXPECT_FALSE(WithTarget("/").head.has_query);
}

TEST(Head, EscapesOutsideThePathAreNotThePaths) {
  EXPECT_FALSE(WithTarget("/a?b=%20").head.path_escaped);
  EXPECT_FALSE(WithTarget("http://%41/x?%20").head.path_escaped);
  EXPECT_TRUE(WithTarget("http://a/%20").head.path_escaped);
}

TEST(Head, AuthorityOfAnAbsoluteTargetReplacesHost) {  // RFC 9112 section 3.2.2
  const Parsed p = WithTarget("HTTP://target.example:81/x?y");
  Fields fields;
  p.head.AppendFieldsTo(fields, p.bytes.data());

  EXPECT_EQ(p.head.form, TargetForm::kAbsolute);
  EXPECT_EQ(p.View(p.head.host), "target.example:81");
  EXPECT_EQ(p.Path(), "/x");
  EXPECT_EQ(p.View(p.head.query), "y");
  EXPECT_EQ(fields.Get("Host"), "target.example:81");
}

TEST(Head, AbsoluteTargetWithoutPathIsTheRoot) {
  EXPECT_EQ(WithTarget("http://a").Path(), "/");
  const Parsed p = WithTarget("https://a?q/r");
  EXPECT_EQ(p.Path(), "/");
  EXPECT_EQ(p.View(p.head.query), "q/r");
}

TEST(Head, ConnectNamesAnAuthority) {  // RFC 9112 section 3.2.3
  const Parsed p = WithTarget("target.example:443", "CONNECT");

  EXPECT_EQ(p.head.form, TargetForm::kAuthority);
  EXPECT_TRUE(p.head.is_connect);
  EXPECT_EQ(p.View(p.head.host), "target.example:443");
}

TEST(Head, AsteriskIsForOptions) {  // RFC 9112 section 3.2.4
  const Parsed p = WithTarget("*", "OPTIONS");

  EXPECT_EQ(p.head.form, TargetForm::kAsterisk);
  EXPECT_EQ(p.Path(), "*");
}

TEST(HeadParser, JudgesTargets) {  // RFC 9112 section 3.2, RFC 3986
  struct Case {
    const char* method;
    const char* target;
    int status;
  };
  const std::vector<Case> cases = {
      {"GET", "//a/b", 0},          {"GET", "/a|b^c{d}[e]\\`", 0},  {"GET", "/%2F%41", 0},        {"GET", "/?%zz", 0},
      {"GET", "/%zz", 400},         {"GET", "/%4", 400},            {"GET", "/%", 400},           {"GET", "/a%00b", 400},
      {"GET", "/a#b", 400},         {"GET", "/\"a\"", 400},         {"GET", "/<a>", 400},         {"GET", "/\x7F", 400},
      {"GET", "/\xC3\xA4", 400},    {"GET", "/a\tb", 400},          {"GET", "/a\x01", 400},       {"GET", "a/b", 400},
      {"GET", "*", 400},            {"OPTIONS", "*a", 400},         {"OPTIONS", "*?", 400},       {"GET", "?a", 400},
      {"GET", "http://", 400},      {"GET", "http:///x", 400},      {"GET", "http://u@a/", 400},  {"GET", "http://a b/", 400},
      {"GET", "http:/a", 400},      {"GET", "ftp://a/", 400},       {"GET", "https://a/%zz", 400}, {"GET", "http://a:x/", 400},
      {"CONNECT", "a", 400},        {"CONNECT", "a:", 400},         {"CONNECT", "/", 400},        {"CONNECT", "a:1/", 400},
      {"CONNECT", "[::1]:443", 0},  {"CONNECT", "http://a:1", 400}, {"GET", "a:80", 400},         {"CONNECT", ":80", 400},
      {"GET", "http://%41/%41", 0}, {"GET", "http://[::1]/", 0},    {"OPTIONS", "http://a", 0},   {"GET", "http://a/b%", 400},
  };
  for (const Case& c : cases) {
    const std::string bytes = std::string(c.method) + " " + c.target + " HTTP/1.1\r\nHost: h\r\n\r\n";
    EXPECT_EQ(FeedWhole(bytes).status, c.status) << bytes;
    EXPECT_EQ(FindSplitThatMatters(bytes), std::string_view::npos) << bytes;
  }
}

TEST(Head, ReportsHowTheBodyIsFramed) {
  const Parsed length = WithLines("Content-Length: 42\r\n");
  EXPECT_TRUE(length.head.has_content_length);
  EXPECT_EQ(length.head.content_length, 42u);
  EXPECT_FALSE(length.head.chunked);
  EXPECT_TRUE(WithLines("Transfer-Encoding: chunked\r\n").head.chunked);
}

TEST(Head, CollectsConnectionOptionsOfAllLines) {
  const Parsed p = WithLines("Connection: Keep-Alive\r\nX: y\r\nconnection: upgrade , CLOSE\r\n");

  EXPECT_TRUE(p.head.connection_close);
  EXPECT_TRUE(p.head.connection_keep_alive);
  EXPECT_TRUE(p.head.connection_upgrade);
  EXPECT_FALSE(WithLines("Connection: closed\r\n").head.connection_close);
}

TEST(Head, IgnoresExpectInHttp10) {  // RFC 9110 section 10.1.1
  EXPECT_TRUE(WithLines("Expect: 100-continue\r\n").head.expect_continue);
  EXPECT_FALSE(WithLines("Expect: 100-continue\r\n", "HTTP/1.0").head.expect_continue);
}

TEST(Head, ReportsTheVersion) {
  EXPECT_EQ(WithLines("", "HTTP/1.1").head.version_minor, 1);
  EXPECT_EQ(WithLines("", "HTTP/1.0").head.version_minor, 0);
  EXPECT_EQ(WithLines("", "HTTP/1.7").head.version_minor, 1);
}

TEST(Head, KeepsFieldsInOrderAndTrimsTheirValues) {
  const Parsed p = WithLines("B:  x \t\r\nA:\r\nb: y z\r\n");
  Fields fields;
  p.head.AppendFieldsTo(fields, p.bytes.data());

  ASSERT_EQ(fields.Size(), 4u);
  EXPECT_EQ(fields.begin()[1].name, "B");
  EXPECT_EQ(fields.begin()[1].value, "x");
  EXPECT_EQ(fields.begin()[2].value, "");
  EXPECT_EQ(fields.begin()[3].name, "b");
  EXPECT_EQ(fields.begin()[3].value, "y z");
}

TEST(Head, SpansHoldWhereverTheBytesMove) {
  const Parsed p = WithTarget("/path?query");
  const std::string copy = "prefix" + p.bytes;

  EXPECT_EQ(p.head.path.In(copy.data() + 6), "/path");
}

TEST(Head, ResetForgetsEverythingOfTheLastMessage) {
  Head head;
  const std::string first =
      "HEAD http://a/%20?q HTTP/1.0\r\nHost: b\r\nConnection: close\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  ASSERT_EQ(Feed(first, {}, head).status, 0);

  head.Reset();
  const std::string second = "GET / HTTP/1.1\r\nHost: c\r\n\r\n";
  ASSERT_EQ(Feed(second, {}, head).status, 0);

  EXPECT_EQ(head.fields.size(), 1u);
  EXPECT_EQ(head.form, TargetForm::kOrigin);
  EXPECT_FALSE(head.is_head || head.has_query || head.path_escaped || head.connection_close || head.has_content_length);
  EXPECT_EQ(head.version_minor, 1);
  EXPECT_EQ(head.host.In(second.data()), "c");
}

TEST(HeadParser, EmptyLinesAloneMayBeThrownAway) {
  EXPECT_EQ(FeedWhole("\r\n\r\n"), (Outcome{-1, 4}));
  EXPECT_EQ(FeedWhole("\r\n\r"), (Outcome{-1, 2}));
  EXPECT_EQ(FeedWhole("\r\nG"), (Outcome{-1, 0}));
  EXPECT_EQ(FeedWhole(""), (Outcome{-1, 0}));
}

TEST(HeadParser, RejectsABadHeadBeforeTheRestArrives) {
  for (const char* bytes : {"GET / HTTP/1.1\n", "GE\x01", "GET /\r", "GET / HTTX", "GET / HTTP/2.0\r\n",
                            "GET / HTTP/1.1\r\nHost :", "GET / HTTP/1.1\r\nHost: a\r\nX: \x01",
                            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", "GET / HTTP/1.1\r\n "}) {
    EXPECT_GE(FeedWhole(bytes).status, 400) << bytes;
  }
}

}  // namespace
}  // namespace weft::internal
