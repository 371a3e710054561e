// SPDX-License-Identifier: Apache-2.0
//
// A client of HTTP/2 that costs more than it should: its connection ends with the right error, the observer hears of it, and a polite
// client next to it is still served (RFC 9113 section 10.5).
#include "../http/http2_floods.h"
#include "http2_kit.h"

#include <weft/concurrency/group.h>

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Floods : public ::testing::TestWithParam<h2::Flood> {};

TEST_P(Floods, EndTheirConnectionAndNoOther) {
  NEEDS_HTTP2();
  const h2::Flood& flood = GetParam();
  Virtually([&](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/park") return Sleep(r.Ctx(), seconds(30));
      return w.Write(r.Path());
    }, Http2Options());
    RawHttp2 polite(ctx, site);
    TestClient rude = *TestClient::Dial(ctx, site.server().Bound());
    ASSERT_FALSE(rude.Send(ctx, h2::Hello() + flood.begin));
    std::string seen;
    Group group(ctx);
    group.Go("reads what comes", [&](const Context& c) -> Error {
      for (;;) {
        Result<std::string> more = rude.ReadSome(c);
        if (!more.Ok() || more->empty()) return {};
        seen += *more;
      }
    });
    std::uint32_t polite_stream = 1;
    for (int round = 0; round < 20'000 && site.Count("misbehaved") == 0; ++round) {
      if (rude.Send(ctx, h2::RoundOf(flood, round))) break;
      if (round % 100 != 0) continue;
      polite.Send(GetOf(polite_stream, "/polite"));
      EXPECT_EQ(polite.Await(polite_stream).body, "/polite");
      polite_stream += 2;
    }
    static_cast<void>(group.Wait());
    EXPECT_EQ(site.Count(std::string("misbehaved: ") + flood.event), 1) << "in " << site.Events().size() << " events";
    EXPECT_EQ(h2::GoAwayOf(seen), static_cast<std::uint32_t>(flood.goaway));
    polite.Send(GetOf(polite_stream, "/polite"));
    EXPECT_EQ(polite.Await(polite_stream).body, "/polite");
  });
}

INSTANTIATE_TEST_SUITE_P(ServerHttp2, Floods, ::testing::ValuesIn(h2::AllFloods()), [](const auto& at) { return std::string(at.param.name); });

TEST(ServerHttp2Limits, HandlersOfRequestsThatWereGivenUpCount) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.streams_per_connection_max = 10;
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      most = std::max(most.load(), ++running);
      static_cast<void>(Sleep(Background(), seconds(5)));  // looks at no context
      --running;
      return w.Write("done");
    }, options);
    RawHttp2 client(ctx, site);
    std::uint32_t stream = 1;
    for (int round = 0; round < 3; ++round) {
      std::string bytes;
      for (int i = 0; i < 10; ++i, stream += 2) bytes += GetOf(stream, "/") + (round < 2 ? ResetOf(stream) : "");
      client.Send(bytes);
      EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    }
    for (std::uint32_t waits = stream - 20; waits < stream; waits += 2) EXPECT_EQ(client.Await(waits).body, "done");
    EXPECT_LE(most, 10);
  });
}

TEST(ServerHttp2Limits, AQuietConnectionEndsAndPingsKeepItNotAlive) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.idle_timeout = seconds(20);
    Site site(ctx, Say("x"), options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_EQ(client.Await(1).body, "x");
    const TimePoint begin = Now();
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(Sleep(ctx, seconds(6)));
      client.Send(h2::Frame(h2::frame_type::kPing, 0, 0, "12345678"));
    }
    std::vector<std::string> rest;
    while (const std::optional<h2::SeenFrame> frame = client.Next()) {
      rest.push_back(RawHttp2::Describe(*frame));
      if (rest.back() == "PING") client.Pong(*frame);
    }
    EXPECT_GE(Now() - begin, seconds(20));
    EXPECT_LE(Now() - begin, seconds(22));
    ASSERT_GE(rest.size(), 3u);
    EXPECT_EQ(rest[rest.size() - 1], "GOAWAY 1 0");
    EXPECT_EQ(std::count(rest.begin(), rest.end(), "GOAWAY 2147483647 0"), 1);
    EXPECT_EQ(site.Count("timeout idle"), 1);
  });
}

TEST(ServerHttp2Limits, DoesNotWaitForAClientThatSendsOnlyThePreface) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.header_timeout = seconds(4);
    Site site(ctx, Say("x"), options);
    RawHttp2 client(ctx, site, "");  // no SETTINGS
    const TimePoint begin = Now();
    const std::vector<std::string> rest = client.Rest();
    EXPECT_GE(Now() - begin, seconds(4));
    EXPECT_LE(Now() - begin, seconds(5));
    EXPECT_EQ(rest.back(), "GOAWAY 0 4");
    EXPECT_EQ(site.Count("timeout header"), 1);
  });
}

TEST(ServerHttp2Limits, ReportsWhatIsNoHttp2) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(h2::Data(0, "x"));
    EXPECT_EQ(client.Rest().back(), "GOAWAY 0 1");
    EXPECT_EQ(site.Count("misbehaved: protocol error"), 1);
  });
}

TEST(ServerHttp2Limits, DoesNotStartARequestThatBreaksTheConnection) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::atomic<int> served{0};
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      ++served;
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
      while (std::chrono::steady_clock::now() < until) {
      }
      return w.Write("x");
    }, Http2Options());
    RawHttp2 client(ctx, site);
    // The session finds the last frame wrong in the same turn, and says so when it writes: before the second handler.
    std::string itself = h2::Block(h2::GetFields());
    itself.insert(0, std::string("\0\0\0\x07\x10", 5));
    client.Send(GetOf(1, "/") + GetOf(3, "/") + GetOf(5, "/") + h2::Frame(h2::frame_type::kHeaders, 0x25, 7, itself));
    EXPECT_TRUE(client.Rest().back().starts_with("GOAWAY"));
    EXPECT_LE(served, 3);
  });
}

TEST(ServerHttp2Limits, RequestsOfABrokenConnectionEnd) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::atomic<int> gone{0};
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      const Error err = Sleep(r.Ctx(), seconds(1000));
      if (r.Ctx().Cause().Is(kClientGone)) ++gone;
      return err;
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/") + PostOf(3, "/"));
    EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    client.Send(h2::Data(0, "x"));
    EXPECT_EQ(client.Rest().back(), "GOAWAY 3 1");
    EXPECT_FALSE(Sleep(ctx, seconds(1)));
    EXPECT_EQ(gone, 2);
  });
}

}  // namespace
}  // namespace weft
