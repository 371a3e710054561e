// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "head_play.h"

namespace weft::internal {
namespace {

using namespace std::string_literals;

struct RefusedHead {
  const char* title;
  std::string bytes;
  int status;  // 0: good
};

const std::string kNext = "GET /next HTTP/1.1\r\nHost: next\r\n\r\n";

// Plays each case whole, glued to a following request, and split everywhere.
void Play(const std::vector<RefusedHead>& cases) {
  for (const RefusedHead& c : cases) {
    SCOPED_TRACE(c.title);
    const Outcome whole = FeedWhole(c.bytes);
    EXPECT_EQ(whole.status, c.status) << whole;
    EXPECT_EQ(whole.consumed, c.status == 0 ? c.bytes.size() : 0);
    EXPECT_EQ(FeedWhole(c.bytes + kNext), whole);
    EXPECT_EQ(FindSplitThatMatters(c.bytes), std::string_view::npos);
  }
}

// A request with these lines between its Host and the empty line.
std::string With(const std::string& lines) { return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"; }

std::string Line(const std::string& request_line) { return request_line + "\r\nHost: a\r\n\r\n"; }

TEST(HeadParser, JudgesTheRequestLine) {  // RFC 9112 section 3
  Play({
      {"usual", Line("GET / HTTP/1.1"), 0},
      {"unknown method is a handler's affair", Line("BREW /pot HTTP/1.1"), 0},
      {"lower-case method is another method", Line("get / HTTP/1.1"), 0},
      {"all token bytes in the method", Line("!#$%&'*+-.^_`|~aZ09 / HTTP/1.1"), 0},
      {"method of 32 bytes", Line(std::string(32, 'M') + " / HTTP/1.1"), 0},
      {"method of 33 bytes", Line(std::string(33, 'M') + " / HTTP/1.1"), 501},
      {"slash in the method", Line("GE/T / HTTP/1.1"), 400},
      {"bad byte at the end of a long method", Line(std::string(32, 'M') + "( / HTTP/1.1"), 400},
      {"NUL in the method", Line("GE\0T / HTTP/1.1"s), 400},
      {"8-bit byte in the method", Line("GE\xC3\x84 / HTTP/1.1"), 400},
      {"blank before the method", Line(" GET / HTTP/1.1"), 400},
      {"no method", Line(" / HTTP/1.1"), 400},
      {"two blanks before the target", Line("GET  / HTTP/1.1"), 400},
      {"two blanks behind the target", Line("GET /  HTTP/1.1"), 400},
      {"tab for a blank", Line("GET\t/ HTTP/1.1"), 400},
      {"blank behind the version", Line("GET / HTTP/1.1 "), 400},
      {"no target", Line("GET HTTP/1.1"), 400},
      {"no version", Line("GET /"), 400},
      {"blank and no version", Line("GET / "), 400},
      {"four words", Line("GET / x HTTP/1.1"), 400},
      {"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"s, 400},
      {"SSH banner", "SSH-2.0-OpenSSH_9.2p1\r\n", 400},
  });
}

TEST(HeadParser, JudgesTheVersion) {  // RFC 9112 section 2.3, RFC 9110 sections 2.5 and 15.6.6
  Play({
      {"1.0", Line("GET / HTTP/1.0"), 0},
      {"1.2 is served as 1.1", Line("GET / HTTP/1.2"), 0},
      {"1.9", Line("GET / HTTP/1.9"), 0},
      {"2.0", Line("GET / HTTP/2.0"), 505},
      {"3.0", Line("GET / HTTP/3.0"), 505},
      {"0.9", Line("GET / HTTP/0.9"), 505},
      {"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"lower case", Line("GET / http/1.1"), 400},
      {"two digits", Line("GET / HTTP/1.10"), 400},
      {"two digits in front", Line("GET / HTTP/11.1"), 400},
      {"no minor", Line("GET / HTTP/1"), 400},
      {"no dot", Line("GET / HTTP/11"), 400},
      {"comma", Line("GET / HTTP/1,1"), 400},
      {"no slash", Line("GET / HTTP1.1"), 400},
      {"other protocol", Line("GET / ICAP/1.0"), 400},
      {"garbage behind 2.0", Line("GET / HTTP/2.0x"), 400},
      {"sign", Line("GET / HTTP/+1.1"), 400},
      {"letter", Line("GET / HTTP/1.x"), 400},
  });
}

TEST(HeadParser, JudgesLineEnds) {  // RFC 9112 sections 2.2, 5 and 11.2
  Play({
      {"bare LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF behind a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
      {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", 400},
      {"bare LF in the method", "GE\nT / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"bare LF in the target", "GET /\nHost: a\r\n\r\n", 400},
      {"bare CR behind the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
      {"bare CR in a value", With("X: a\rb\r\n"), 400},
      {"bare CR at the begin of a line", With("\rX: a\r\n"), 400},
      {"two CR before LF", With("X: a\r\r\n"), 400},
      {"two CR before the last LF", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", 400},
      {"CR in the target", "GET /\r/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"LF CR", "GET / HTTP/1.1\n\rHost: a\r\n\r\n", 400},
      {"one empty line first", "\r\n" + Line("GET / HTTP/1.1"), 0},
      {"four empty lines first", "\r\n\r\n\r\n\r\n" + Line("GET / HTTP/1.1"), 0},
      {"five empty lines first", "\r\n\r\n\r\n\r\n\r\n" + Line("GET / HTTP/1.1"), 400},
      {"bare LF first", "\n" + Line("GET / HTTP/1.1"), 400},
      {"bare CR first", "\r" + Line("GET / HTTP/1.1"), 400},
  });
}

TEST(HeadParser, JudgesFieldNames) {  // RFC 9110 section 5.1, RFC 9112 sections 5.1 and 5.2
  Play({
      {"all token bytes", With("!#$%&'*+-.^_`|~aZ09: x\r\n"), 0},
      {"one byte", With("X: 1\r\n"), 0},
      {"blank before the colon", With("X : 1\r\n"), 400},
      {"tab before the colon", With("X\t: 1\r\n"), 400},
      {"blank before the colon of Host", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"blank before the colon of Transfer-Encoding", With("Transfer-Encoding : chunked\r\n"), 400},
      {"blank in the name", With("X Y: 1\r\n"), 400},
      {"empty name", With(": 1\r\n"), 400},
      {"no colon", With("X\r\n"), 400},
      {"NUL", With("X\0: 1\r\n"s), 400},
      {"8-bit byte", With("X\xE4: 1\r\n"), 400},
      {"parenthesis", With("X(y): 1\r\n"), 400},
      {"at sign", With("X@: 1\r\n"), 400},
      {"vertical tab", With("X\v: 1\r\n"), 400},
      {"folded line", With("X: 1\r\n 2\r\n"), 400},
      {"folded line by tab", With("X: 1\r\n\t2\r\n"), 400},
      {"folded line of blanks", With("X: 1\r\n \r\n"), 400},
      {"blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"tab before the first field", "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", 400},
  });
}

TEST(HeadParser, JudgesFieldValues) {  // RFC 9110 section 5.5
  Play({
      {"empty", With("X:\r\n"), 0},
      {"blanks only", With("X: \t \r\n"), 0},
      {"no blank behind the colon", With("X:1\r\n"), 0},
      {"tab inside", With("X: a\tb\r\n"), 0},
      {"8-bit bytes", With("X: \xE4\xFF\x80\r\n"), 0},
      {"colons inside", With("X: a:b::c\r\n"), 0},
      {"NUL", With("X: a\0b\r\n"s), 400},
      {"NUL at the end", With("X: a\0\r\n"s), 400},
      {"backspace", With("X: a\bb\r\n"), 400},
      {"escape", With("X: \x1B[2J\r\n"), 400},
      {"DEL", With("X: a\x7F\r\n"), 400},
      {"unit separator", With("X: a\x1F\r\n"), 400},
      {"vertical tab before chunked", With("Transfer-Encoding: \vchunked\r\n"), 400},
      {"control byte far behind", With("X: " + std::string(100, 'a') + "\x01\r\n"), 400},
      {"DEL far behind", With("X: " + std::string(37, 'a') + "\x7F\r\n"), 400},
  });
}

TEST(HeadParser, JudgesHost) {  // RFC 9112 section 3.2, RFC 9110 section 7.2
  const auto host = [](const std::string& value) { return "GET / HTTP/1.1\r\nHost:" + value + "\r\n\r\n"; };
  Play({
      {"missing", "GET / HTTP/1.1\r\nX: 1\r\n\r\n", 400},
      {"missing, no field at all", "GET / HTTP/1.1\r\n\r\n", 400},
      {"missing in 1.0", "GET / HTTP/1.0\r\n\r\n", 0},
      {"missing with an absolute target", "GET http://a/ HTTP/1.1\r\n\r\n", 400},
      {"twice", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"twice the same", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400},
      {"twice in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"empty", host(""), 0},
      {"name and port", host(" example.com:8080"), 0},
      {"empty port", host(" a:"), 0},
      {"port 65535", host(" a:65535"), 0},
      {"port 65536", host(" a:65536"), 400},
      {"port of letters", host(" a:http"), 400},
      {"two ports", host(" a:1:2"), 400},
      {"port only", host(" :80"), 400},
      {"underscore", host(" my_host"), 0},
      {"IPv4", host(" 127.0.0.1:80"), 0},
      {"IPv6", host(" [::1]:80"), 0},
      {"IPv6 without brackets", host(" ::1"), 400},
      {"bracket not closed", host(" [::1"), 400},
      {"garbage in brackets", host(" [a]"), 400},
      {"garbage behind the bracket", host(" [::1]a"), 400},
      {"zone", host(" [fe80::1%25eth0]"), 400},
      {"user", host(" user@a"), 400},
      {"path", host(" a/b"), 400},
      {"blank inside", host(" a b"), 400},
      {"list", host(" a, b"), 400},
      {"8-bit byte", host(" \xE4"), 400},
      {"escape", host(" a%41"), 0},
      {"bad escape", host(" a%4"), 400},
      {"escaped NUL", host(" a%00"), 400},
  });
}

}  // namespace
}  // namespace weft::internal
