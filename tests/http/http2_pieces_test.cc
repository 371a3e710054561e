// SPDX-License-Identifier: Apache-2.0
//
// The parts next to the session of HTTP/2: fields of requests and responses, budgets, frames on their way.
#include <chrono>

#include "http2_play.h"

#include <weft/http/internal/http2/request_fields.h>
#include <weft/http/internal/http2/response_fields.h>

namespace weft::internal::http2 {
namespace {

using std::chrono::seconds;

// --- RequestFields

struct HeadCase {
  const char* name;
  std::vector<Fields::Field> fields;
  int status;  // 0: it is good
};

class Heads : public ::testing::TestWithParam<HeadCase> {};

TEST_P(Heads, AreTakenOrRefusedAsOverHttp11) {
  RequestFields head;
  head.Begin();
  const HeadLimits limits{.head_bytes = 2000, .target_bytes = 50, .fields = 6};
  for (const auto& [name, value] : GetParam().fields) ASSERT_TRUE(head.Add(name, value, limits));
  EXPECT_EQ(head.Check(limits, /*extended=*/false).status, GetParam().status);
}

std::vector<Fields::Field> Of(std::string_view method, std::string_view path, std::vector<Fields::Field> more = {},
                              std::string_view authority = "test") {
  std::vector<Fields::Field> fields{{":method", method}, {":scheme", "http"}, {":path", path}};
  if (!authority.empty()) fields.push_back({":authority", authority});
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

const std::string kLong(60, 'x');
const std::string kLongTarget = "/" + kLong;
const std::string kLarge(2500, 'x');
const HeadCase kHeads[] = {
    {"AnOrdinaryOne", Of("GET", "/a?b=c", {{"accept", "*/*"}}), 0},
    {"AMethodOfOnesOwn", Of("BREW", "/"), 0},
    {"NoMethod", Of("G T", "/"), 400},
    {"AMethodThatIsTooLong", Of(std::string_view(kLong).substr(0, 40), "/"), 501},
    {"ATargetThatIsTooLong", Of("GET", kLongTarget), 414},
    {"ATargetThatIsNoPath", Of("GET", "http://test/"), 400},
    {"ATargetWithABlank", Of("GET", "/a b"), 400},
    {"ATargetWithAFragment", Of("GET", "/a#b"), 400},
    {"ABrokenEscape", Of("GET", "/%zz"), 400},
    {"AnEscapedNul", Of("GET", "/%00"), 400},
    {"StarForOptions", Of("OPTIONS", "*"), 0},
    {"StarForGet", Of("GET", "*"), 400},
    {"NeitherAuthorityNorHost", Of("GET", "/", {}, ""), 400},
    {"HostAlone", Of("GET", "/", {{"host", "test"}}, ""), 0},
    {"HostLikeTheAuthority", Of("GET", "/", {{"host", "TEST"}}), 0},
    {"HostUnlikeTheAuthority", Of("GET", "/", {{"host", "other"}}), 400},
    {"TwoHosts", Of("GET", "/", {{"host", "test"}, {"host", "test"}}), 400},
    {"AnAuthorityWithAUser", Of("GET", "/", {}, "me@test"), 400},
    {"TwoLengths", Of("POST", "/", {{"content-length", "1"}, {"content-length", "1"}}), 400},
    {"ALengthThatIsNone", Of("POST", "/", {{"content-length", "+1"}}), 400},
    {"AnExpectation", Of("POST", "/", {{"expect", "100-Continue"}}), 0},
    {"AnotherExpectation", Of("POST", "/", {{"expect", "miracles"}}), 417},
    {"SevenFields", Of("GET", "/", {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}, {"e", "1"}, {"f", "1"}, {"g", "1"}}), 431},
    {"AFieldThatIsTooLarge", Of("GET", "/", {{"a", kLarge}}), 431},
    {"AnotherScheme", {{":method", "GET"}, {":scheme", "ftp"}, {":path", "/"}, {":authority", "test"}}, 400},
    {"ATunnel", {{":method", "CONNECT"}, {":authority", "test:443"}}, 0},
    {"ATunnelWithoutAPort", {{":method", "CONNECT"}, {":authority", "test"}}, 400},
    {"AnExtendedConnect", {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", "/"}, {":authority", "test"}}, 501},
};
INSTANTIATE_TEST_SUITE_P(Http2, Heads, ::testing::ValuesIn(kHeads), [](const auto& at) { return std::string(at.param.name); });

TEST(RequestFields, GiveTheRequestInTheWordsOfHandlers) {
  RequestFields head;
  head.Begin();
  const HeadLimits limits;
  for (const auto& [name, value] : Of("HEAD", "/a%20b?x=1", {{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}, {"content-length", "7"}})) {
    ASSERT_TRUE(head.Add(name, value, limits));
  }
  ASSERT_FALSE(head.Check(limits, false));
  EXPECT_TRUE(head.IsHead());
  EXPECT_EQ(head.Target(), "/a%20b?x=1");
  EXPECT_EQ(head.RawPath(), "/a%20b");
  EXPECT_EQ(head.Query(), "x=1");
  EXPECT_EQ(head.Authority(), "test");
  EXPECT_EQ(head.ContentLength(), 7u);
  Fields fields;
  head.AppendTo(fields);
  EXPECT_EQ(fields.Get("Host"), "test");
  EXPECT_EQ(fields.Values("Cookie"), (std::vector<std::string_view>{"a=1; b=2"}));
  EXPECT_EQ(fields.Get("X"), "y");
  EXPECT_FALSE(fields.Has(":path"));
}

TEST(RequestFields, AnExtendedConnectLooksLikeAnUpgrade) {
  RequestFields head;
  head.Begin();
  const HeadLimits limits;
  for (const auto& [name, value] : std::vector<Fields::Field>{
           {":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"}, {":path", "/chat"}, {":authority", "test"}}) {
    ASSERT_TRUE(head.Add(name, value, limits));
  }
  ASSERT_FALSE(head.Check(limits, /*extended=*/true));
  EXPECT_EQ(head.Method(), "GET");
  EXPECT_FALSE(head.IsConnect());
  EXPECT_TRUE(head.IsHttps());
  Fields fields;
  head.AppendTo(fields);
  EXPECT_EQ(fields.Get("Upgrade"), "websocket");
  EXPECT_EQ(fields.Get("Connection"), "Upgrade");
}

TEST(RequestFields, FourTimesTheLimitIsTheEnd) {
  RequestFields head;
  head.Begin();
  const HeadLimits limits{.head_bytes = 1000};
  int taken = 0;
  while (head.Add("name", std::string(64, 'x'), limits)) ++taken;
  EXPECT_EQ(taken, 40);  // of 100 bytes each, with the 32 that a field counts
}

// --- ResponseFields

TEST(ResponseFields, LeaveOutWhatIsOfHttp11) {
  Fields header;
  header.Set("Connection", "close");
  header.Set("Keep-Alive", "5");
  header.Set("Transfer-Encoding", "chunked");
  header.Set("Upgrade", "x");
  header.Set("Proxy-Connection", "x");
  header.Set("Content-Length", "99");
  header.Set("X-Own", "1");
  ResponseFields fields;
  std::string all;
  for (const auto& [name, value] : fields.Of({.status = 204, .fields = &header, .content_length = 5, .date = "now", .content_type = "text/plain"})) {
    all.append(name).append("=").append(value).append(" ");
  }
  EXPECT_EQ(all, ":status=204 X-Own=1 content-type=text/plain date=now content-length=5 ");
}

TEST(ResponseFields, AnEmptyValueStandsForNone) {
  Fields header;
  header.Set("Content-Type", "");
  header.Set("Date", "");
  ResponseFields fields;
  EXPECT_EQ(fields.Of({.fields = &header, .date = "now", .content_type = "text/plain"}).size(), 1u);
}

TEST(ResponseFields, TrailersAreNoneThatRouteOrFrame) {
  Fields trailer;
  trailer.Set("Content-Length", "1");
  trailer.Set("Grpc-Status", "0");
  ResponseFields fields;
  ASSERT_EQ(fields.OfTrailer(trailer).size(), 1u);
  EXPECT_EQ(fields.OfTrailer(trailer)[0].name, "Grpc-Status");
}

// --- Budget

TEST(Misbehaviour, ATenthOfTheBudgetComesBackEachSecond) {
  Budget budget(100);
  EXPECT_TRUE(budget.Spend(100, seconds(0)));
  EXPECT_FALSE(budget.Spend(1, seconds(0)));
  EXPECT_TRUE(budget.Spend(9, seconds(1)));
  EXPECT_FALSE(budget.Spend(1, seconds(1)));
  EXPECT_TRUE(budget.Spend(90, seconds(60)));
}

TEST(Misbehaviour, ACompletedStreamGivesOneBack) {
  Budget budget(10);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(budget.Spend(1, seconds(0)));
    budget.StreamEndedWell();
  }
  EXPECT_EQ(budget.Spent(), 0u);
}

TEST(Misbehaviour, ProportionLetsAMegabyteGo) {
  Proportion proportion;
  EXPECT_TRUE(proportion.Came(8 << 20, 0));
  EXPECT_FALSE(proportion.Came(1 << 10, 0));
  Proportion payload;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(payload.Came(100000, 90000));
}

// --- FrameScanner, FrameBuffer

TEST(FrameScanner, SeesEveryHeaderHoweverTheBytesCome) {
  const std::string bytes = Hello() + Get(1) + Post(3) + Data(3, "hello", true);
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    FrameScanner scanner(kPreface.size());
    std::string types;
    for (std::string_view left = bytes; !left.empty(); left.remove_prefix(std::min(piece, left.size()))) {
      scanner.Scan(left.substr(0, piece), [&types](const FrameHeader& header, std::size_t) { types += static_cast<char>('0' + header.type); });
    }
    EXPECT_EQ(types, "4110");
  }
}

TEST(FrameBuffer, GivesTheSameBytesWhateverIsTakenAndWhenItSettles) {
  const std::string lent(5000, 'L');
  std::string expected;
  FrameBuffer fresh;
  const auto fill = [&lent](FrameBuffer& out) {
    out.Append("head1");
    out.Lend(lent);
    out.Append("head2");
    out.Append("more");
    out.Lend("short");
    out.Lend(std::string_view(lent).substr(0, 3000));
  };
  fill(fresh);
  fresh.ForEachPiece(100, [&expected](std::string_view piece) { expected += piece; });
  ASSERT_EQ(expected.size(), fresh.Size());
  for (std::size_t taken = 0; taken < expected.size(); taken += 97) {
    for (const bool settles : {false, true}) {
      FrameBuffer out;
      fill(out);
      out.Consume(taken);
      if (settles) out.Settle();
      std::string rest;
      out.ForEachPiece(100, [&rest](std::string_view piece) { rest += piece; });
      EXPECT_EQ(rest, expected.substr(taken));
      out.Append("!");
      out.Consume(rest.size());
      EXPECT_EQ(out.Size(), 1u);
    }
  }
}

TEST(FieldDecoder, ReadsWhatAppendFieldBlockWrites) {
  if (!SessionsExist()) GTEST_SKIP() << "built without HTTP/2";
  FieldDecoder decoder;
  FieldDecoder::List list;
  const std::string large(60000, 'v');
  ASSERT_TRUE(decoder.Decode(Block({{":status", "200"}, {"name", large}}), list));
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1].second, large);
  EXPECT_FALSE(decoder.Decode("\xFF\xFF\xFF\xFF\xFF\xFF\xFF", list));
}

}  // namespace
}  // namespace weft::internal::http2
