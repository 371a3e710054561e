// SPDX-License-Identifier: Apache-2.0
//
// Clients of HTTP/2 that have vanished without a word, and those that are only silent (RFC 9113 section 6.7).
#include "http2_kit.h"

#include <sys/socket.h>

#include <array>

#include <weft/concurrency/debug.h>

namespace weft {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class CloseReasons final : public Observer {
 public:
  bool WatchesConnections() const override { return true; }
  void OnConnectionClosed(const ConnectionClosed& e) override { all.push_back(e.reason); }
  void OnTimedOut(const TimedOut& e) override { limits.push_back(e.limit); }
  std::vector<CloseReason> all;
  std::vector<Duration> limits;
};

// Waits for its client, and says why it did so no longer.
struct Waiting {
  Event begun, done;
  Error why;
  Handler Handle() {
    return [this](ResponseWriter& w, Request& r) -> Error {
      r.LongLived();
      begun.Set();
      why = Sleep(r.Ctx(), minutes(10));
      done.Set();
      return w.Write("x");
    };
  }
};

TEST(Http2Probe, GivesUpAClientThatDoesNotReply) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Waiting handler;
    CloseReasons reasons;
    ServerOptions options = Http2Options();
    options.observers = {&reasons};
    Site site(ctx, handler.Handle(), options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    ASSERT_FALSE(handler.begun.Wait(ctx));
    const TimePoint begin = Now();

    ASSERT_FALSE(handler.done.Wait(ctx));

    EXPECT_TRUE(handler.why.Is(kClientGone)) << handler.why.Message();
    EXPECT_EQ(Now() - begin, seconds(45)) << "thirty of silence, fifteen for the reply";
    EXPECT_TRUE(client.Until(h2::frame_type::kPing));
    EXPECT_FALSE(client.Until(h2::frame_type::kPing));
    EXPECT_EQ(site.Count("timeout probe"), 1) << "and " << site.Events().size() << " events in all";
    EXPECT_EQ(reasons.limits, std::vector<Duration>{seconds(15)});
    EXPECT_EQ(reasons.all, std::vector<CloseReason>{CloseReason::kTimedOut});
  });
}

TEST(Http2Probe, ServesAReplyingClientForAsLongAsItTakes) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Waiting handler;
    Site site(ctx, handler.Handle(), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    int pings = 0;
    std::string body;
    while (body.empty()) {
      const std::optional<h2::SeenFrame> frame = client.Next();
      ASSERT_TRUE(frame) << "the connection has ended after " << pings << " replies";
      if (frame->header.type == h2::frame_type::kData) body = frame->payload;
      if (frame->header.type != h2::frame_type::kPing) continue;
      ++pings;
      client.Pong(*frame);
    }
    EXPECT_EQ(site.Count("timeout"), 0);
    EXPECT_EQ(pings, 20) << "one in thirty seconds of ten minutes";
    EXPECT_EQ(body, "x");
    EXPECT_FALSE(handler.why) << handler.why.Message();
  });
}

TEST(Http2Probe, AnyFrameIsAReply) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Waiting handler;
    Site site(ctx, handler.Handle(), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    for (int i = 0; i < 14; ++i) {
      EXPECT_FALSE(Sleep(ctx, seconds(40)));  // that is 10 after the PING
      client.Send(h2::NumberFrame(h2::frame_type::kWindowUpdate, 0, 1));
    }
    EXPECT_EQ(client.Await(1).body, "x");
  });
}

// The PING lies in the kernel, after what the client is still taking: it is alive, and cannot reply yet.
TEST(Http2Probe, KeepsASlowReader) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    constexpr int kPieces = 60;
    constexpr std::size_t kPiece = 1000;
    Waiting waiting;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      for (int i = 0; i < kPieces; ++i) {
        if (Error err = w.Write(std::string(kPiece, 'x'))) return err;
        if (Error err = w.Flush()) return err;
      }
      return waiting.Handle()(w, r);
    }, Http2Options());
    RawHttp2 client(ctx, site, h2::Settings({{4, 1 << 20}}));
    client.Send(GetOf(1, "/"));
    ASSERT_FALSE(waiting.begun.Wait(ctx)) << "all of it is in the kernel";
    const TimePoint begin = Now();

    // As much as one of its frames every two seconds, without a word.
    std::array<char, kPiece + h2::kFrameHeaderSize> piece;
    for (int i = 0; i < kPieces; ++i) {
      ASSERT_GT(recv(client.raw().Descriptor(), piece.data(), piece.size(), 0), 0) << "the connection has ended after " << i << " of them";
      EXPECT_FALSE(Sleep(ctx, seconds(2)));
    }

    EXPECT_GE(Now() - begin, seconds(100)) << "more than the time that one has who says nothing";
    EXPECT_FALSE(waiting.done.IsSet());
    ASSERT_FALSE(waiting.done.Wait(ctx));
    EXPECT_TRUE(waiting.why.Is(kClientGone)) << "now it takes nothing any more, and says nothing";
  });
}

TEST(Http2Probe, DoesNotProbeAHalfClosedClient) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Waiting handler;
    ServerOptions options = Http2Options();
    options.half_closed_clients = true;
    Site site(ctx, handler.Handle(), options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    client.raw().CloseSend();
    EXPECT_EQ(client.Await(1).body, "x") << "after ten minutes";
  });
}

TEST(Http2Probe, NoClientIsProbedIfProbesAreOff) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Waiting handler;
    ServerOptions options = Http2Options();
    options.probe_after = kUnlimited;
    Site site(ctx, handler.Handle(), options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_EQ(client.Await(1).body, "x") << "after ten minutes";
  });
}

TEST(Http2Probe, AnIdleConnectionIsNotAsked) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_EQ(client.Await(1).body, "x");
    const TimePoint begin = Now();
    const std::optional<h2::SeenFrame> goaway = client.Until(h2::frame_type::kGoAway);
    ASSERT_TRUE(goaway);
    EXPECT_EQ(Now() - begin, seconds(75)) << "idle_timeout";
  });
}

TEST(Http2Streams, HaveTheirConnectionAboveThemInTheListOfFibers) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Waiting handler;
    Site site(ctx, handler.Handle(), Http2Options());
    RawHttp2 client(ctx, site), other(ctx, site);
    const std::size_t before = ListFibers().size();
    client.Send(GetOf(1, "/a") + GetOf(3, "/b"));
    other.Send(GetOf(1, "/c"));
    EXPECT_FALSE(Sleep(ctx, seconds(1)));

    const std::vector<FiberInfo> all = ListFibers();

    EXPECT_EQ(all.size(), before + 5) << FormatFiberTree(all);
    std::map<std::string, std::uint64_t> parents;
    std::map<std::uint64_t, FiberInfo> owners;
    for (const FiberInfo& fiber : all) {
      if (fiber.state == std::string_view("owner")) owners[fiber.id] = fiber;
      parents[fiber.name] = fiber.parent;
    }
    ASSERT_EQ(owners.size(), 2u);
    EXPECT_EQ(parents.at("GET /a"), parents.at("GET /b"));
    EXPECT_NE(parents.at("GET /a"), parents.at("GET /c"));
    EXPECT_TRUE(owners.contains(parents.at("GET /c")));
    const FiberInfo& owner = owners.at(parents.at("GET /a"));
    EXPECT_TRUE(owner.name.starts_with("HTTP/2 from ")) << owner.name;
    EXPECT_NE(owner.parent, 0u) << "the server's fiber";
    EXPECT_GE(owner.age, seconds(1));

    client.raw().Close();
    other.raw().Close();
    EXPECT_FALSE(Sleep(ctx, seconds(1)));
    EXPECT_EQ(ListFibers().size(), before);
  });
}

}  // namespace
}  // namespace weft
