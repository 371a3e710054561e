// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <weft/http/internal/http1/chunked_decoder.h>

namespace weft::internal {
namespace {

using namespace std::string_literals;
using State = ChunkedDecoder::State;

// What came out of a decoder. `status` is 0 for a whole body, -1 for one that goes on.
struct Decoded {
  int status = -1;
  std::string body = {};
  std::string trailers = {};
  std::size_t consumed = 0;

  friend bool operator==(const Decoded&, const Decoded&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Decoded& decoded) {
    return out << decoded.status << " \"" << decoded.body << "\" [" << decoded.trailers << "] " << decoded.consumed;
  }
};

// Feeds `bytes` to the decoder until it wants more or has ended.
void Feed(ChunkedDecoder& decoder, std::string_view bytes, Decoded& out) {
  while (true) {
    const ChunkedDecoder::Step step = decoder.Next(bytes);
    out.consumed += step.consumed;
    bytes.remove_prefix(step.consumed);
    if (step.state == State::kData) {
      EXPECT_FALSE(step.data.empty());
      out.body += step.data;
      continue;
    }
    if (step.state == State::kNeedMore) {
      EXPECT_TRUE(bytes.empty());
      return;
    }
    out.status = step.state == State::kDone ? 0 : step.status;
    if (step.state == State::kBad) return;
    Fields trailers;
    decoder.CopyTrailersTo(trailers);
    for (const auto& [name, value] : trailers) out.trailers.append(name).append("=").append(value).append(";");
    return;
  }
}

Decoded Decode(std::string_view bytes) {
  ChunkedDecoder decoder;
  Decoded out;
  Feed(decoder, bytes, out);
  return out;
}

Decoded DecodeByBytes(std::string_view bytes) {
  ChunkedDecoder decoder;
  Decoded out;
  for (std::size_t i = 0; i < bytes.size() && out.status == -1; ++i) Feed(decoder, bytes.substr(i, 1), out);
  return out;
}

Decoded DecodeCut(std::string_view bytes, std::size_t cut) {
  ChunkedDecoder decoder;
  Decoded out;
  Feed(decoder, bytes.substr(0, cut), out);
  if (out.status == -1) Feed(decoder, bytes.substr(cut), out);
  return out;
}

// The whole, cut anywhere, byte by byte, and with the next request behind it, must all come to the same. What was
// handed out before a refusal, and how far it had been read, may differ.
void ExpectSameHoweverSplit(const std::string& bytes, Decoded whole) {
  const auto strip = [&whole](Decoded decoded) {
    if (whole.status > 0) decoded.consumed = 0;
    return decoded;
  };
  whole = strip(whole);
  EXPECT_EQ(strip(DecodeByBytes(bytes)), whole);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) EXPECT_EQ(strip(DecodeCut(bytes, cut)), whole) << cut;
  EXPECT_NE(whole.status, -1);
  EXPECT_EQ(strip(Decode(bytes + "GET /next HTTP/1.1\r\n")), whole);
}

TEST(ChunkedDecoder, TakesGoodBodies) {  // RFC 9112 section 7.1
  struct Case {
    std::string bytes;
    std::string body;
    std::string trailers;
  };
  const std::vector<Case> cases = {
      {"0\r\n\r\n", "", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello", ""},
      {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", ""},
      {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", ""},
      {"0000000000000002\r\nhi\r\n0000\r\n\r\n", "hi", ""},
      {"4\r\n\r\n0\r\r\n0\r\n\r\n", "\r\n0\r", ""},
      {"2;name=value\r\nhi\r\n0;last\r\n\r\n", "hi", ""},
      {"2;a;b=\"c;d\"\r\nhi\r\n0\r\n\r\n", "hi", ""},
      {"2 \t;a\r\nhi\r\n0\r\n\r\n", "hi", ""},
      {"2; a \t=\t b ;c\r\nhi\r\n0 ; last=\"\"\r\n\r\n", "hi", ""},
      {"2;a=\"\\\"\\\\;\t\xff,\" ;b\r\nhi\r\n0\r\n\r\n", "hi", ""},
      {"2\r\nhi\r\n0\r\nDigest:  abc \r\nX-Sum: 1\r\n\r\n", "hi", "Digest=abc;X-Sum=1;"},
      {"0\r\nEmpty:\r\n\r\n", "", "Empty=;"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.bytes);
    const Decoded whole = Decode(c.bytes);
    EXPECT_EQ(whole, (Decoded{0, c.body, c.trailers, c.bytes.size()}));
    ExpectSameHoweverSplit(c.bytes, whole);
  }
}

TEST(ChunkedDecoder, RefusesBadFraming) {  // RFC 9112 section 7.1
  const std::vector<std::string> cases = {
      "\r\n",                              // no size
      "g\r\n",                             // no digit
      "-1\r\n",                            // sign
      "+1\r\n",                            //
      "0x1\r\n",                           // prefix
      " 1\r\n",                            // blank first
      "1 \r\na\r\n",                       // blank behind, without an extension
      "1\t\r\na\r\n",                      //
      "1 1\r\na\r\n",                      // blank inside
      "1\na\r\n",                          // bare LF behind the size
      "1\ra\r\n",                          // bare CR
      "1;a\na\r\n",                        // bare LF behind an extension
      "1;a\rb\r\na\r\n",                   // bare CR in an extension
      "1;a\0b\r\na\r\n"s,                  // NUL in an extension
      "1,\r\n",                            // comma
      ";a\r\n",                            // extension without a size
      "00000000000000001\r\na\r\n",        // 17 digits
      "8000000000000000\r\n",              // above 2^63 - 1
      "ffffffffffffffff\r\n",              //
      "10000000000000000\r\n",             // wraps to 0
      "3\r\nhello\r\n",                    // data too long
      "6\r\nhello\r\n0\r\n\r\n",           // data too short
      "5\r\nhello0\r\n\r\n",               // no CRLF behind the data
      "5\r\nhello\n0\r\n\r\n",             // bare LF there
      "5\r\nhello\r0\r\n\r\n",             // bare CR there
      "0\r\n\n",                           // bare LF as the end
      "0\n\r\n",                           //
      "0\r\n\rX",                          // bare CR as the end
  };
  for (const std::string& bytes : cases) {
    SCOPED_TRACE(bytes);
    const Decoded whole = Decode(bytes);
    EXPECT_EQ(whole.status, 400);
    ExpectSameHoweverSplit(bytes, whole);
  }
}

TEST(ChunkedDecoder, RefusesExtensionsThatAreNone) {  // RFC 9112 section 7.1.1
  const std::vector<std::string> cases = {
      "1;\r\n",             // no name
      "1; \r\n",            //
      "1;;a\r\n",           //
      "1;a;\r\n",           //
      "1;=b\r\n",           //
      "1;a b\r\n",          // a blank in the name
      "1;a@b\r\n",          // no token
      "1;\"a\"\r\n",        //
      "1;\xe9\r\n",         //
      "1;a \r\n",           // a blank at the end
      "1;a=b\t\r\n",        //
      "1;a=\"b\" \r\n",     //
      "1;a=\r\n",           // no value
      "1;a= \r\n",          //
      "1;a=;b\r\n",         //
      "1;a=b=c\r\n",        // two of them
      "1;a=b c\r\n",        //
      "1;a=b@\r\n",         // no token
      "1;a=b\"c\"\r\n",     // a quote within it
      "1;a=\"b\r\n",        // no closing quote
      "1;a=\"b\\\"\r\n",    // the one that is there is escaped
      "1;a=\"b\\\r\n",      // nothing is
      "1;a=\"b\"c\r\n",     // more behind it
      "1;a=\"b\"\"c\"\r\n",  //
      "1;a=\"b\"=c\r\n",    //
      "1;a=\"\x7f\"\r\n",   // a control byte within quotes
      "1 a\r\n",            // no semicolon
      "1;a=\"b\nc\"\r\n",   // an end of line within quotes
      "1;a=\"b\r\nc\"\r\n", //
  };
  for (const std::string& line : cases) {
    SCOPED_TRACE(line);
    const std::string bytes = line + "a\r\n0\r\n\r\n";
    const Decoded whole = Decode(bytes);
    EXPECT_EQ(whole.status, 400);
    ExpectSameHoweverSplit(bytes, whole);
  }
}

TEST(ChunkedDecoder, RefusesBadTrailers) {  // RFC 9112 section 7.1.2, RFC 9110 section 6.5.1
  const std::vector<std::string> cases = {
      "X : 1\r\n",
      " X: 1\r\n",
      "\tX: 1\r\n",
      "X: 1\r\n 2\r\n",
      ": 1\r\n",
      "X\r\n",
      "X(: 1\r\n",
      "X: a\0b\r\n"s,
      "X: 1\n",
      "X: 1\rY: 2\r\n",
      "Content-Length: 1\r\n",
      "transfer-encoding: chunked\r\n",
      "HOST: a\r\n",
      "Connection: close\r\n",
      "Trailer: X\r\n",
      "Authorization: x\r\n",
      "Cookie: x\r\n",
      "Set-Cookie: x\r\n",
      "Content-Type: x\r\n",
      "Content-Encoding: gzip\r\n",
      "Content-Range: x\r\n",
      "Expect: 100-continue\r\n",
      "If-Match: x\r\n",
      "X-Forwarded-For: x\r\n",
      "Upgrade: x\r\n",
  };
  for (const std::string& lines : cases) {
    SCOPED_TRACE(lines);
    const std::string bytes = "1\r\na\r\n0\r\n" + lines + "\r\n";
    const Decoded whole = Decode(bytes);
    EXPECT_EQ(whole.status, 400);
    ExpectSameHoweverSplit(bytes, whole);
  }
}

TEST(ChunkedDecoder, BoundsTrailers) {
  const auto fields = [](std::size_t count) {
    std::string bytes = "0\r\n";
    for (std::size_t i = 0; i < count; ++i) bytes += "X: 1\r\n";
    return bytes + "\r\n";
  };
  const auto bytes = [](std::size_t size) { return "0\r\nX:" + std::string(size - 2, 'a') + "\r\n\r\n"; };

  EXPECT_EQ(Decode(fields(ChunkedDecoder::kTrailerFieldsMax)).status, 0);
  EXPECT_EQ(Decode(fields(ChunkedDecoder::kTrailerFieldsMax + 1)).status, 431);
  EXPECT_EQ(Decode(bytes(ChunkedDecoder::kTrailerBytesMax)).status, 0);
  EXPECT_EQ(Decode(bytes(ChunkedDecoder::kTrailerBytesMax + 1)).status, 431);
  EXPECT_EQ(DecodeByBytes(bytes(ChunkedDecoder::kTrailerBytesMax + 1)).status, 431);
  EXPECT_EQ(Decode("0\r\n" + std::string(1 << 20, 'a')).status, 431);
}

TEST(ChunkedDecoder, BoundsExtensionsOverTheWholeBody) {
  const auto one = [](std::size_t extension) { return "1;" + std::string(extension - 1, 'x') + "\r\na\r\n"; };
  std::string many;
  for (int i = 0; i < 1000; ++i) many += one(5);
  many += "0\r\n\r\n";

  EXPECT_EQ(Decode(one(ChunkedDecoder::kExtensionSlack) + "0\r\n\r\n").status, 0);
  EXPECT_EQ(Decode(one(ChunkedDecoder::kExtensionSlack + 1) + "0\r\n\r\n").status, 400);
  EXPECT_EQ(Decode(many).status, 400);
}

TEST(ChunkedDecoder, LetsEachChunkOfALargeBodyHaveItsSignature) {
  const std::string chunk = "2000;chunk-signature=" + std::string(64, 'f') + "\r\n" + std::string(0x2000, 'd') + "\r\n";
  ChunkedDecoder decoder;
  Decoded out;

  for (int i = 0; i < 200; ++i) Feed(decoder, chunk, out);
  Feed(decoder, "0\r\n\r\n", out);

  EXPECT_EQ(out.status, 0);
  EXPECT_EQ(out.body.size(), 200u * 0x2000);
}

TEST(ChunkedDecoder, ReportsHowMuchOfTheChunkIsMissing) {
  ChunkedDecoder decoder;

  EXPECT_EQ(decoder.Next("40000000\r\n").state, State::kNeedMore);
  EXPECT_EQ(decoder.ChunkRemaining(), 0x40000000u);
  EXPECT_EQ(decoder.Next("abc").state, State::kData);
  EXPECT_EQ(decoder.ChunkRemaining(), 0x40000000u - 3);
}

TEST(ChunkedDecoder, HandsOutViewsIntoTheBytes) {
  const std::string bytes = "3\r\nabc\r\n";
  ChunkedDecoder decoder;

  EXPECT_EQ(decoder.Next(bytes).data.data(), bytes.data() + 3);
}

}  // namespace
}  // namespace weft::internal
