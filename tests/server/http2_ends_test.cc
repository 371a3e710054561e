// SPDX-License-Identifier: Apache-2.0
//
// Streams of HTTP/2 that end while something of them is waited for.
#include "http2_kit.h"

#include <weft/server/server_stats.h>

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// All of a request's body and the end of its stream come with a reset: the handler gets the whole body, and never a part that looks whole.
TEST(Http2Ends, ACompleteBodyIsReadAfterAReset) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Event parked;
    std::string got;
    Error err;
    Event done;
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      std::array<char, 100> piece;
      parked.Set();
      for (;;) {
        const Result<std::size_t> size = r.Body().Read(piece);
        if (size.Ok()) got.append(piece.data(), *size);
        err = size.Err();
        if (err || *size == 0) break;
      }
      done.Set();
      return err;
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(PostOf(1, "/", {{"content-length", "4000"}}));
    ASSERT_FALSE(parked.Wait(ctx));
    client.Send(h2::Data(1, std::string(4000, 'x'), /*end=*/true) + ResetOf(1));
    ASSERT_FALSE(done.Wait(ctx));
    EXPECT_TRUE(err || got.size() == 4000u) << got.size() << " bytes look like a whole body";
  });
}

TEST(Http2Ends, AnIncompleteBodyIsAnError) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Event parked, done;
    Error err;
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      parked.Set();
      err = r.Body().ReadAll().Err();
      done.Set();
      return err;
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(PostOf(1, "/"));
    ASSERT_FALSE(parked.Wait(ctx));
    client.Send(h2::Data(1, std::string(4000, 'x')) + ResetOf(1));
    ASSERT_FALSE(done.Wait(ctx));
    EXPECT_TRUE(err);
  });
}

TEST(Http2Ends, AHeadHasItsTime) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.header_timeout = seconds(3);
    Site site(ctx, Say("x"), options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_EQ(client.Await(1).body, "x");
    std::string head = GetOf(3, "/");
    head[4] = h2::frame_flag::kEndStream;  // and more of it to come
    const TimePoint begin = Now();
    client.Send(head);

    const std::vector<std::string> rest = client.Rest();

    EXPECT_GE(Now() - begin, seconds(3));
    EXPECT_LE(Now() - begin, seconds(4));
    EXPECT_THAT(rest, ::testing::Contains("GOAWAY 3 11"));
    EXPECT_EQ(site.Count("timeout header"), 1);
  });
}

// The queue is counted down once for each that leaves it, however it does.
TEST(Http2Ends, CountsOnceWhatLeavesTheQueue) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.requests_max = 1;
    options.queued_requests_max = 2;
    options.name = "queue";
    Event go;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (Error err = go.Wait(r.Ctx())) return err;
      return w.Write(r.Path());
    }, options);
    RawHttp2 busy(ctx, site);
    busy.Send(GetOf(1, "/busy"));
    const auto queued = [] {
      for (const ServerStats& stats : ListServers()) {
        if (stats.name == "queue") return stats.queued;
      }
      return std::uint64_t{99};
    };
    {
      RawHttp2 resets(ctx, site);
      resets.Send(GetOf(1, "/1") + GetOf(3, "/3"));
      EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
      EXPECT_EQ(queued(), 2u);
      resets.Send(ResetOf(1));
      EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
      EXPECT_EQ(queued(), 1u);
    }
    EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    EXPECT_EQ(queued(), 0u);
    RawHttp2 later(ctx, site);
    later.Send(GetOf(1, "/later"));
    EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    go.Set();
    EXPECT_EQ(later.Await(1).body, "/later");
    EXPECT_EQ(busy.Await(1).body, "/busy");
  });
}

// Several of one connection wait in the queue, one has just got its slot, and the connection breaks.
TEST(Http2Ends, ASlotGoesToNobodyWhoEndsAsWell) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.requests_max = 1;
    Event go;
    std::atomic<int> served{0};
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      ++served;
      if (r.Path() == "/busy") {
        if (Error err = go.Wait(r.Ctx())) return err;
      }
      return w.Write(r.Path());
    }, options);
    RawHttp2 busy(ctx, site);
    busy.Send(GetOf(1, "/busy"));
    for (int round = 0; round < 3; ++round) {
      RawHttp2 waits(ctx, site);
      std::string many;
      for (std::uint32_t id = 1; id < 20; id += 2) many += GetOf(id, "/waits");
      waits.Send(many);
      EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
      if (round == 2) go.Set();
      waits.raw().Close();
      EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    }
    EXPECT_EQ(busy.Await(1).body, "/busy");
    RawHttp2 later(ctx, site);
    later.Send(GetOf(1, "/later"));
    EXPECT_EQ(later.Await(1).body, "/later");
  });
}

// A client that takes nothing is given up once, also while a handler goes on.
TEST(Http2Ends, AStalledClientIsReportedOnce) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.write_stall_timeout = seconds(2);
    Event go;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/works") return go.Wait(Background());
      return w.Write(std::string(8 << 20, 'x'));
    }, options);
    RawHttp2 client(ctx, site, h2::Settings({{4, 1 << 30}}));
    client.Send(h2::NumberFrame(h2::frame_type::kWindowUpdate, 0, 1 << 30) + GetOf(1, "/works") + GetOf(3, "/large"));
    EXPECT_FALSE(Sleep(ctx, seconds(20)));
    EXPECT_LE(site.Count("timeout write stall"), 2);  // of the response, and of the connection
    go.Set();
  });
}

}  // namespace
}  // namespace weft
