// SPDX-License-Identifier: Apache-2.0
#include "cases.h"

#include <algorithm>
#include <utility>

namespace weft::differential {
namespace {

using namespace std::string_literals;
using Must = Case::Must;
constexpr Must kRefuse = Must::kRefuse;
constexpr Must kTake = Must::kTake;
constexpr Must kEither = Must::kEither;

struct Piece {
  const char* name;
  std::string bytes;
  Must must = kRefuse;
};

const std::string kHead = "POST /@@@/a HTTP/1.1\r\nHost: a\r\n";
const std::string kSmuggled = "GET /@@@/smuggled HTTP/1.1\r\nHost: a\r\n\r\n";  // 39 bytes
const std::string kChunked = "Transfer-Encoding: chunked\r\n";

std::vector<Piece> Lengths() {
  const auto post = [](const std::string& fields) { return kHead + fields + "\r\nhello"; };
  return {
      {"plain", post("Content-Length: 5\r\n"), kTake},
      {"leading zeros", post("Content-Length: 0005\r\n"), kTake},
      {"blanks around", post("Content-Length: \t 5 \t\r\n"), kTake},
      {"no blank", post("Content-Length:5\r\n"), kTake},
      {"twice, the same", post("Content-Length: 5\r\nContent-Length: 5\r\n")},
      {"twice, first shorter", post("Content-Length: 0\r\nContent-Length: 5\r\n") + kSmuggled},
      {"twice, first longer", kHead + "Content-Length: 44\r\nContent-Length: 5\r\n\r\nhello" + kSmuggled},
      {"a list of the same", post("Content-Length: 5, 5\r\n")},
      {"a list that differs", post("Content-Length: 5, 6\r\n")},
      {"an empty element", post("Content-Length: ,5\r\n")},
      {"plus", post("Content-Length: +5\r\n")},
      {"minus", post("Content-Length: -5\r\n")},
      {"minus zero", post("Content-Length: -0\r\n")},
      {"hexadecimal", post("Content-Length: 0x5\r\n")},
      {"a fraction", post("Content-Length: 5.0\r\n")},
      {"an exponent", post("Content-Length: 5e0\r\n")},
      {"a blank inside", post("Content-Length: 5 5\r\n")},
      {"an underscore inside", post("Content-Length: 0_5\r\n")},
      {"text behind", post("Content-Length: 5abc\r\n")},
      {"a semicolon behind", post("Content-Length: 5;x\r\n")},
      {"quoted", post("Content-Length: \"5\"\r\n")},
      {"empty", kHead + "Content-Length:\r\n\r\n"},
      {"2^64 + 5", post("Content-Length: 18446744073709551621\r\n")},
      {"2^63", post("Content-Length: 9223372036854775808\r\n")},
      {"2^32 + 5", kHead + "Content-Length: 4294967301\r\n\r\nhello", kEither},
      {"folded", kHead + "Content-Length:\r\n 5\r\n\r\nhello"},
      {"a blank before the colon", post("Content-Length : 5\r\n") + kSmuggled},
      {"a tab before the colon", post("Content-Length\t: 5\r\n")},
      {"a blank before the name", post(" Content-Length: 5\r\n")},
      {"an underscore in the name", kHead + "Content_Length: 5\r\n\r\n", kTake},
      {"NUL behind", post("Content-Length: 5\0\r\n"s)},
      {"a vertical tab before", post("Content-Length: \v5\r\n")},
      {"a no-break space before", post("Content-Length: \xA0" "5\r\n")},
      {"CR behind", post("Content-Length: 5\r\r\n")},
      {"of GET", "GET /@@@/a HTTP/1.1\r\nHost: a\r\nContent-Length: 39\r\n\r\n" + kSmuggled, kTake},
      {"of HEAD", "HEAD /@@@/a HTTP/1.1\r\nHost: a\r\nContent-Length: 39\r\n\r\n" + kSmuggled, kTake},
      {"zero, and a request behind", kHead + "Content-Length: 0\r\n\r\nGET /@@@/b HTTP/1.1\r\nHost: a\r\n\r\n", kTake},
      {"of DELETE", "DELETE /@@@/a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", kTake},
  };
}

std::vector<Piece> Codings() {
  const std::string body = "5\r\nhello\r\n0\r\n\r\n";
  const auto post = [&body](const std::string& fields) { return kHead + fields + "\r\n" + body; };
  return {
      {"chunked", post(kChunked), kTake},
      {"in capitals", post("TRANSFER-ENCODING: CHUNKED\r\n"), kTake},
      {"a tab before", post("Transfer-Encoding:\tchunked\r\n"), kTake},
      {"of GET", "GET /@@@/a HTTP/1.1\r\nHost: a\r\n" + kChunked + "\r\n" + body, kTake},
      {"with a length of all (CL.TE)", kHead + "Content-Length: 44\r\n" + kChunked + "\r\n0\r\n\r\n" + kSmuggled},
      {"with a length of a part (TE.CL)", kHead + kChunked + "Content-Length: 4\r\n\r\n27\r\n" + kSmuggled + "\r\n0\r\n\r\n"},
      {"with length zero (TE.0)", kHead + "Content-Length: 0\r\n" + kChunked + "\r\n27\r\n" + kSmuggled + "\r\n0\r\n\r\n"},
      {"twice in one line", post("Transfer-Encoding: chunked, chunked\r\n")},
      {"twice in two lines", post(kChunked + kChunked)},
      {"an empty element before", post("Transfer-Encoding: ,chunked\r\n")},
      {"an empty element behind", post("Transfer-Encoding: chunked,\r\n")},
      {"identity", kHead + "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello"},
      {"identity, chunked", post("Transfer-Encoding: identity, chunked\r\n")},
      {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n")},
      {"gzip", post("Transfer-Encoding: gzip\r\n")},
      {"chunked, gzip", post("Transfer-Encoding: chunked, gzip\r\n")},
      {"chunked in one line, identity in the next", post(kChunked + "Transfer-Encoding: identity\r\n")},
      {"identity in one line, chunked in the next", post("Transfer-Encoding: identity\r\n" + kChunked)},
      {"unknown, with a length", kHead + "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nhello"},
      {"unknown", post("Transfer-Encoding: chunkedx\r\n")},
      {"with a parameter", post("Transfer-Encoding: chunked;q=1\r\n")},
      {"quoted", post("Transfer-Encoding: \"chunked\"\r\n")},
      {"empty, with a length", kHead + "Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello"},
      {"a vertical tab before", post("Transfer-Encoding: \vchunked\r\n")},
      {"a vertical tab behind", post("Transfer-Encoding: chunked\v\r\n")},
      {"a form feed before", post("Transfer-Encoding: \fchunked\r\n")},
      {"NUL behind", post("Transfer-Encoding: chunked\0\r\n"s)},
      {"CR before", post("Transfer-Encoding: \rchunked\r\n")},
      {"a no-break space before", post("Transfer-Encoding: \xA0" "chunked\r\n")},
      {"folded", post("Transfer-Encoding:\r\n chunked\r\n")},
      {"folded behind", post("Transfer-Encoding: chunked\r\n \r\n")},
      {"a blank before the colon", kHead + "Transfer-Encoding : chunked\r\nContent-Length: 44\r\n\r\n0\r\n\r\n" + kSmuggled},
      {"a blank before the name", post(" Transfer-Encoding: chunked\r\n")},
      {"in a field before it, behind a bare LF", post("X: y\nTransfer-Encoding: chunked\r\n")},
      {"in a field before it, behind a bare CR", post("X: y\rTransfer-Encoding: chunked\r\n")},
      {"an underscore in the name", kHead + "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", kTake},
      {"a quote before the name", post("\"Transfer-Encoding: chunked\r\n")},
      {"in HTTP/1.0", "POST /@@@/a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n" + kChunked + "\r\n" + body},
      {"in HTTP/1.0, with a length",
       "POST /@@@/a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 44\r\n" + kChunked + "\r\n0\r\n\r\n" + kSmuggled},
      {"named in Connection", post("Connection: transfer-encoding\r\n" + kChunked), kEither},
  };
}

std::vector<Piece> Chunks() {
  const auto post = [](const std::string& body) { return kHead + kChunked + "\r\n" + body; };
  return {
      {"a size in capitals", post("A\r\n0123456789\r\n0\r\n\r\n"), kTake},
      {"leading zeros", post("0005\r\nhello\r\n00\r\n\r\n"), kTake},
      {"an extension", post("5;name=value\r\nhello\r\n0\r\n\r\n"), kTake},
      {"a blank before an extension", post("5 ;name=value\r\nhello\r\n0\r\n\r\n"), kTake},
      {"a quoted extension", post("5;name=\"va;lue\"\r\nhello\r\n0\r\n\r\n"), kTake},
      {"a trailer", post("5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"), kTake},
      {"a blank behind the size", post("5 \r\nhello\r\n0\r\n\r\n")},
      {"a blank before the size", post(" 5\r\nhello\r\n0\r\n\r\n")},
      {"0x", post("0x5\r\nhello\r\n0\r\n\r\n")},
      {"plus", post("+5\r\nhello\r\n0\r\n\r\n")},
      {"minus", post("-5\r\nhello\r\n0\r\n\r\n")},
      {"an underscore", post("0_5\r\nhello\r\n0\r\n\r\n")},
      {"no size", post("\r\nhello\r\n0\r\n\r\n")},
      {"no digit", post("x\r\nhello\r\n0\r\n\r\n")},
      {"2^64 + 5", post("10000000000000005\r\nhello\r\n0\r\n\r\n")},
      {"2^63", post("8000000000000000\r\nhello\r\n0\r\n\r\n")},
      {"2^32 + 5", post("100000005\r\nhello\r\n0\r\n\r\n"), kEither},
      {"17 digits", post("00000000000000005\r\nhello\r\n0\r\n\r\n")},
      {"bare LF behind the size", post("5\nhello\r\n0\r\n\r\n")},
      {"bare LF behind an extension", post("5;a\nhello\r\n0\r\n\r\n")},
      {"bare CR in an extension", post("5;a\rb\r\nhello\r\n0\r\n\r\n")},
      {"bare CR behind the size", post("5\rhello\r\n0\r\n\r\n")},
      {"NUL in an extension", post("5;a\0b\r\nhello\r\n0\r\n\r\n"s)},
      {"bare LF behind the data", post("5\r\nhello\n0\r\n\r\n")},
      {"nothing behind the data", post("5\r\nhello0\r\n\r\n")},
      {"two other bytes behind the data", post("5\r\nhelloXX0\r\n\r\n")},
      {"data too long", post("4\r\nhello\r\n0\r\n\r\n")},
      {"data too short", post("6\r\nhello\r\n0\r\n\r\n")},
      {"bare LF as the end", post("5\r\nhello\r\n0\r\n\n")},
      {"bare LF twice as the end", post("5\r\nhello\r\n0\n\n")},
      {"no line behind the last chunk", post("5\r\nhello\r\n0\r\n") + kSmuggled},
      {"a request behind an extension's bare LF", post("2;\nxx\r\n2c\r\n0\r\n\r\n" + kSmuggled + "\r\n0\r\n\r\n")},
      {"a length as a trailer", post("5\r\nhello\r\n0\r\nContent-Length: 39\r\n\r\n") + kSmuggled},
      {"a host as a trailer", post("5\r\nhello\r\n0\r\nHost: b\r\n\r\n")},
      {"a trailer without a colon", post("5\r\nhello\r\n0\r\nX\r\n\r\n")},
      {"a folded trailer", post("5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n")},
      {"a blank before a trailer's colon", post("5\r\nhello\r\n0\r\nX : y\r\n\r\n")},
      {"bare LF behind a trailer", post("5\r\nhello\r\n0\r\nX: y\n\r\n")},
      {"8 KiB of extensions", post("5;" + std::string(8192, 'x') + "\r\nhello\r\n0\r\n\r\n")},
      {"many small extensions", post([] {
         std::string body;
         for (int i = 0; i < 2000; ++i) body += "1;abcdefgh\r\nx\r\n";
         return body + "0\r\n\r\n";
       }())},
      {"70 KiB of trailers", post("5\r\nhello\r\n0\r\nX: " + std::string(70000, 'x') + "\r\n\r\n")},
  };
}

std::vector<Piece> Lines() {
  const auto get = [](const std::string& fields) { return "GET /@@@/a HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; };
  return {
      {"bare LF everywhere", "GET /@@@/a HTTP/1.1\nHost: a\n\n"},
      {"bare LF behind the request line", "GET /@@@/a HTTP/1.1\nHost: a\r\n\r\n"},
      {"bare LF behind a field", get("X: y\nZ: w\r\n")},
      {"bare LF as the empty line", "GET /@@@/a HTTP/1.1\r\nHost: a\r\n\n"},
      {"bare CR in a value", get("X: y\rZ: w\r\n")},
      {"bare CR as the empty line", "GET /@@@/a HTTP/1.1\r\nHost: a\r\n\r" + kSmuggled},
      {"CR CR LF behind a field", get("X: y\r\r\n")},
      {"NUL in a value", get("X: a\0b\r\n"s)},
      {"NUL in a name", get("X\0Y: b\r\n"s)},
      {"a control byte in a value", get("X: a\x01" "b\r\n")},
      {"DEL in a value", get("X: a\x7F" "b\r\n")},
      {"bytes above 0x7F in a value", get("X: \xC3\xA9\r\n"), kTake},
      {"bytes above 0x7F in a name", get("\xC3\xA9: x\r\n")},
      {"a folded line", get("X: y\r\n z\r\n")},
      {"a folded line first", "GET /@@@/a HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n"},
      {"no colon", get("nothing\r\n")},
      {"an empty name", get(": y\r\n")},
      {"a blank in a name", get("X Y: z\r\n")},
      {"an empty value", get("X:\r\n"), kTake},
      {"an empty line before", "\r\n" + get(""), kTake},
      {"bare LF before", "\n" + get("")},
      {"a blank before", " " + get("")},
      {"CRLF behind a body", kHead + "Content-Length: 5\r\n\r\nhello\r\n", kTake},
      {"junk behind a body", kHead + "Content-Length: 5\r\n\r\nhelloJUNK\r\n\r\n", kEither},
      {"200 fields", get([] {
         std::string fields;
         for (int i = 0; i < 200; ++i) fields += "X: y\r\n";
         return fields;
       }())},
      {"a value of 100 KiB", get("X: " + std::string(100 * 1024, 'x') + "\r\n")},
  };
}

std::vector<Piece> RequestLines() {
  const std::string rest = "\r\nHost: a\r\n\r\n";
  return {
      {"two blanks", "GET  /@@@/a HTTP/1.1" + rest},
      {"a tab", "GET\t/@@@/a\tHTTP/1.1" + rest},
      {"a blank behind", "GET /@@@/a HTTP/1.1 " + rest},
      {"a blank in the target", "GET /@@@/a b HTTP/1.1" + rest},
      {"NUL in the target", "GET /@@@/a\0b HTTP/1.1"s + rest},
      {"bytes above 0x7F in the target", "GET /@@@/\xC3\xA9 HTTP/1.1" + rest},
      {"a fragment", "GET /@@@/a#b HTTP/1.1" + rest},
      {"an encoded NUL", "GET /@@@/a%00b HTTP/1.1" + rest},
      {"a broken escape", "GET /@@@/a%zz HTTP/1.1" + rest},
      {"no version", "GET /@@@/a\r\n"},
      {"in small letters", "get /@@@/a HTTP/1.1" + rest, kEither},
      {"the version in small letters", "GET /@@@/a http/1.1" + rest},
      {"HTTP/1.2", "GET /@@@/a HTTP/1.2" + rest, kEither},
      {"HTTP/1.10", "GET /@@@/a HTTP/1.10" + rest},
      {"HTTP/01.1", "GET /@@@/a HTTP/01.1" + rest},
      {"HTTP/2.0", "GET /@@@/a HTTP/2.0" + rest},
      {"HTTP/0.9", "GET /@@@/a HTTP/0.9" + rest},
      {"a brace in the method", "GE{T /@@@/a HTTP/1.1" + rest},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
      {"a relative target", "GET @@@/a HTTP/1.1" + rest},
      {"* for GET", "GET * HTTP/1.1" + rest},
      {"CONNECT without a port", "CONNECT a HTTP/1.1" + rest},
  };
}

std::vector<Piece> Hosts() {
  const auto get = [](const std::string& fields) { return "GET /@@@/a HTTP/1.1\r\n" + fields + "\r\n"; };
  return {
      {"none", get("X: y\r\n")},
      {"none in HTTP/1.0", "GET /@@@/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", kTake},
      {"two that differ", get("Host: a\r\nHost: b\r\n")},
      {"two alike", get("Host: a\r\nHost: a\r\n")},
      {"empty", get("Host:\r\n"), kEither},
      {"a list", get("Host: a, b\r\n"), kEither},
      {"with a path", get("Host: a/b\r\n")},
      {"with user information", get("Host: u@a\r\n")},
      {"with a blank inside", get("Host: a b\r\n")},
      {"with a bad port", get("Host: a:port\r\n")},
      {"a port above 65535", get("Host: a:65536\r\n"), kEither},
      {"folded", get("Host:\r\n a\r\n")},
      {"a blank before the colon", get("Host : a\r\n")},
      {"absolute, another Host", "GET http://b/@@@/a HTTP/1.1\r\nHost: a\r\n\r\n", kTake},
      {"absolute, no Host", "GET http://b/@@@/a HTTP/1.1\r\nX: y\r\n\r\n", kEither},
      {"absolute, another scheme", "GET ftp://b/@@@/a HTTP/1.1\r\nHost: a\r\n\r\n", kEither},
      {"absolute, user information", "GET http://u@b/@@@/a HTTP/1.1\r\nHost: a\r\n\r\n"},
      {"absolute, no host inside", "GET http:///@@@/a HTTP/1.1\r\nHost: a\r\n\r\n"},
  };
}

std::vector<Piece> Connections() {
  return {
      {"close, and a request behind", "GET /@@@/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + kSmuggled, kTake},
      {"close in a list", "GET /@@@/a HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, CLOSE\r\n\r\n" + kSmuggled, kTake},
      {"of HTTP/1.0 by default", "GET /@@@/a HTTP/1.0\r\nHost: a\r\n\r\n" + kSmuggled, kTake},
      {"HTTP/1.0 with keep-alive", "GET /@@@/a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", kTake},
      {"names a field that frames", kHead + "Connection: content-length\r\nContent-Length: 5\r\n\r\nhello", kEither},
      {"three requests at once",
       "GET /@@@/a HTTP/1.1\r\nHost: a\r\n\r\nPOST /@@@/b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /@@@/c HTTP/1.1\r\nHost: "
       "a\r\n\r\n",
       kTake},
      {"expects what nobody knows", kHead + "Expect: tea\r\nContent-Length: 5\r\n\r\nhello", kEither},
      {"expects 100-continue, sends at once", kHead + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", kTake},
      {"expects 100-continue twice", kHead + "Expect: 100-continue, 100-continue\r\nContent-Length: 5\r\n\r\nhello", kEither},
      {"expects 100-continue in HTTP/1.0", "POST /@@@/a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n"
       "Content-Length: 5\r\n\r\nhello", kTake},
      {"expects 100-continue without a body", kHead + "Expect: 100-continue\r\n\r\n", kTake},
      {"asks for an upgrade", kHead + "Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\nhello", kTake},
  };
}

}  // namespace

std::vector<Case> AllCases() {
  std::vector<Case> all;
  const auto add = [&all](const char* topic, std::vector<Piece> pieces) {
    for (Piece& piece : pieces) {
      const std::string number = std::to_string(100 + all.size());
      for (std::size_t at = 0; (at = piece.bytes.find("@@@", at)) != std::string::npos;) piece.bytes.replace(at, 3, number);
      all.push_back({topic, piece.name, std::move(piece.bytes), piece.must});
    }
  };
  add("Content-Length", Lengths());
  add("Transfer-Encoding", Codings());
  add("Chunks", Chunks());
  add("Lines and fields", Lines());
  add("Request line", RequestLines());
  add("Host", Hosts());
  add("Connection and Expect", Connections());
  return all;
}

}  // namespace weft::differential
