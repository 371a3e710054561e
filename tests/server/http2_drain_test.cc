// SPDX-License-Identifier: Apache-2.0
//
// How a server that ends takes leave of its clients of HTTP/2 (RFC 9113 section 6.8), frame by frame.
#include "http2_kit.h"

#include <weft/concurrency/group.h>

#include "../kit/sanitized.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

// Frames that are about the end, up to it; pings are answered.
std::vector<std::string> LastWords(RawHttp2& client, bool responses = true) {
  std::vector<std::string> words;
  while (const std::optional<h2::SeenFrame> frame = client.Next()) {
    const std::string text = RawHttp2::Describe(*frame);
    if (text == "PING" && responses) client.Pong(*frame);
    if (text.starts_with("SETTINGS") || text.starts_with("WINDOW_UPDATE")) continue;
    words.push_back(text);
  }
  return words;
}

TEST(ServerHttp2Drain, SendsGoawayToAQuietConnectionInTwoSteps) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_EQ(client.Await(1).body, "x");
    EXPECT_FALSE(Sleep(ctx, seconds(10)));
    const TimePoint begin = Now();
    site.server().BeginDrain();
    EXPECT_THAT(LastWords(client), ElementsAre("GOAWAY 2147483647 0", "PING", "PING", "GOAWAY 1 0"));
    EXPECT_LE(Now() - begin, milliseconds(500));
    EXPECT_FALSE(site.server().Join());
  });
}

TEST(ServerHttp2Drain, DoesNotWaitLongForASilentClient) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_EQ(client.Await(1).body, "x");
    EXPECT_FALSE(Sleep(ctx, seconds(10)));
    const TimePoint begin = Now();
    site.server().BeginDrain();
    EXPECT_EQ(LastWords(client, /*responses=*/false).back(), "GOAWAY 1 0");
    EXPECT_LE(Now() - begin, seconds(3));
  });
}

TEST(ServerHttp2Drain, OpenStreamsEndBeforeAnythingIsSaid) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(5))) return err;
      return w.Write("slow");
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    site.server().BeginDrain();
    EXPECT_FALSE(Sleep(ctx, milliseconds(300)));
    client.Send(GetOf(3, "/"));  // still served
    const std::vector<std::string> words = LastWords(client);
    EXPECT_THAT(words, ElementsAre("HEADERS 1", "DATA 1", "HEADERS 3", "DATA 3", "GOAWAY 2147483647 0", "PING", "PING", "GOAWAY 3 0"));
    EXPECT_FALSE(site.server().Join());
  });
}

TEST(ServerHttp2Drain, EndsAClientThatKeepsOpeningStreams) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), milliseconds(300))) return err;
      return w.Write("x");
    }, Http2Options());
    RawHttp2 client(ctx, site);
    site.server().BeginDrain();
    // Never without an open stream.
    std::uint32_t stream = 1;
    client.Send(GetOf(stream, "/"));
    bool told = false;
    std::vector<std::string> words;
    while (const std::optional<h2::SeenFrame> frame = client.Next()) {
      const std::string text = RawHttp2::Describe(*frame);
      words.push_back(text);
      if (text == "PING") client.Pong(*frame);
      told = told || text == "GOAWAY 2147483647 0";
      if (text.starts_with("SETTINGS") || text.starts_with("HEADERS")) {
        stream += 2;
        if (!told && stream < 99) client.Send(GetOf(stream, "/"));
      }
    }
    EXPECT_TRUE(told);
    EXPECT_LT(stream, 99u);
    EXPECT_TRUE(words.back().starts_with("GOAWAY ")) << words.back();
  });
}

// Java 17 would fail the request that is open. It is at least a second until anything is said, and then the stream of that moment ends first.
TEST(ServerHttp2Drain, NoGoawayIsSentWhileARequestIsOpen) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), milliseconds(70))) return err;
      return w.Write("x");
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_EQ(client.Await(1).body, "x");
    site.server().BeginDrain();
    std::uint32_t stream = 1;
    do {
      client.Send(GetOf(stream += 2, "/"));
      for (bool open = true; open;) {
        const std::optional<h2::SeenFrame> frame = client.Next();
        ASSERT_TRUE(frame) << "the connection has ended";
        ASSERT_NE(frame->header.type, h2::frame_type::kGoAway) << "stream " << stream << " is open";
        open = frame->header.type != h2::frame_type::kData || (frame->header.flags & h2::frame_flag::kEndStream) == 0;
      }
    } while (stream < 99 && client.SilentFor(milliseconds(5)));
    EXPECT_GE(stream, 23u) << "served for a second";
    EXPECT_LT(stream, 99u);
    EXPECT_EQ(LastWords(client, /*responses=*/false).back(), "GOAWAY " + std::to_string(stream) + " 0");
    EXPECT_FALSE(site.server().Join());
  });
}

TEST(ServerHttp2Drain, TheLastGoawayNeverComesWithTheLastResponse) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_EQ(client.Await(1).body, "x");
    site.server().BeginDrain();
    bool announced = false;
    std::vector<std::string> words;
    while (const std::optional<h2::SeenFrame> frame = client.Next()) {
      const std::string text = RawHttp2::Describe(*frame);
      words.push_back(text);
      if (text.starts_with("GOAWAY 2147483647")) {
        announced = true;
        client.Send(GetOf(3, "/"));  // crosses it
      }
      if (text == "PING") client.Pong(*frame);
    }
    EXPECT_TRUE(announced);
    const auto data = std::find(words.begin(), words.end(), "DATA 3");
    ASSERT_NE(data, words.end()) << "a request that crossed the first GOAWAY is served";
    EXPECT_NE(std::find(data, words.end(), "PING"), words.end()) << "between the last response and the last word";
    EXPECT_EQ(words.back(), "GOAWAY 3 0");
  });
}

// The rest of the request is waited for no longer than over HTTP/1.1, whether it is owed when the drain begins or later.
TEST(ServerHttp2Drain, AnUnreadBodyHoldsItForASecond) {
  NEEDS_HTTP2();
  for (const bool before : {true, false}) {
    Virtually([&](const Context& ctx) {
      Site site(ctx, Say("no need"), Http2Options());
      RawHttp2 client(ctx, site);
      const auto post = [&] {
        client.Send(PostOf(1, "/", {{"content-length", "1000"}}) + h2::Data(1, "some"));
        EXPECT_EQ(client.Await(1).body, "no need");
      };
      if (before) post();
      EXPECT_FALSE(Sleep(ctx, milliseconds(500)));
      const TimePoint begin = Now();
      site.server().BeginDrain();
      if (!before) post();
      const std::optional<h2::SeenFrame> reset = client.Until(h2::frame_type::kReset, 1);
      ASSERT_TRUE(reset);
      EXPECT_EQ(reset->Number(), 0u) << "NO_ERROR";
      EXPECT_LE(Now() - begin, milliseconds(1100));
      while (const std::optional<h2::SeenFrame> frame = client.Next()) {
        if (frame->header.type == h2::frame_type::kPing) client.Pong(*frame);
      }
      client.raw().Close();
      EXPECT_FALSE(site.server().Join());
      EXPECT_LE(Now() - begin, seconds(2));
    });
  }
}

TEST(ServerHttp2Drain, AfterTheTimeoutRequestsAreCanceled) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.drain_timeout = seconds(2);
    Site site(ctx, [](ResponseWriter&, Request& r) { return Sleep(r.Ctx(), seconds(100)); }, options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    site.server().BeginDrain();
    EXPECT_EQ(client.Await(1).status, 503);
    EXPECT_EQ(LastWords(client).back(), "GOAWAY 1 0");
    EXPECT_FALSE(site.server().Join());
  });
}

TEST(ServerHttp2Drain, ByForceWhatHasNoResponseGetsA503) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.drain_timeout = seconds(2);
    options.cancel_grace = seconds(1);
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/begun") {
        if (Error err = w.Write(std::string(5000, 'x'))) return err;
        if (Error err = w.Flush()) return err;
      }
      return Sleep(Background(), seconds(10));  // looks at no context
    }, options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/stuck") + GetOf(3, "/begun"));
    EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    site.server().BeginDrain();
    const RawHttp2::Response stuck = client.Await(1);
    EXPECT_EQ(stuck.status, 503);
    EXPECT_EQ(client.Await(3).reset, 2u);
    const Error err = site.server().Join();
    EXPECT_TRUE(err.Is(kServerClosing)) << err.Message();
  });
}

TEST(ServerHttp2Drain, LosesNoRequestUnderLoad) {
  NEEDS_HTTP2();
  constexpr int kSteps = 20;
  for (int round = 0; round < kSteps; round += kSteps / Rounds(kSteps)) {
    Virtually([&](const Context& ctx) {
      Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
        if (Error err = Sleep(r.Ctx(), milliseconds(5 + r.Target().size() % 7))) return err;
        return w.Write(r.Target());
      }, Http2Options());
      RawHttp2 client(ctx, site);
      client.Send(h2::NumberFrame(h2::frame_type::kWindowUpdate, 0, 1 << 30));
      std::uint32_t next = 1;
      std::set<std::uint32_t> open;
      const auto fill = [&] {
        std::string bytes;
        for (; open.size() < 100; next += 2) {
          bytes += GetOf(next, "/" + std::string(next % 13, 'x'));
          open.insert(next);
        }
        client.Send(bytes);
      };
      fill();
      bool told = false;
      int served = 0;
      const TimePoint drain_at = Now() + milliseconds(20 + 7 * round);
      bool draining = false;
      while (const std::optional<h2::SeenFrame> frame = client.Next()) {
        if (!draining && Now() >= drain_at) {
          draining = true;
          site.server().BeginDrain();
        }
        const std::string text = RawHttp2::Describe(*frame);
        if (text.starts_with("GOAWAY")) told = true;
        if (text == "PING") client.Pong(*frame);
        if (text.starts_with("RST_STREAM")) ADD_FAILURE() << text;
        if (frame->header.type == h2::frame_type::kData && frame->header.flags != 0) {
          open.erase(frame->header.stream);
          ++served;
          if (!told) fill();
        }
        if (frame->header.type == h2::frame_type::kHeaders && (frame->header.flags & 1) != 0) open.erase(frame->header.stream);
      }
      EXPECT_TRUE(open.empty()) << open.size() << " requests were lost in round " << round;
      EXPECT_GT(served, 100);
      EXPECT_FALSE(site.server().Join());
    });
  }
}

}  // namespace
}  // namespace weft
