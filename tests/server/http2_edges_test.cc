// SPDX-License-Identifier: Apache-2.0
//
// What a connection of HTTP/2 meets seldom: clients that are slow for many streams at once, that stop in the middle, that do not hear the end.
#include "http2_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Lets the client's frames be read as slowly as the test wants.
std::string Windows(std::uint32_t size) {
  return h2::Settings({{4, size}}) + h2::NumberFrame(h2::frame_type::kWindowUpdate, 0, size);
}

TEST(ServerHttp2Edges, ASlowClientGetsAllOfItsManyStreams) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    constexpr std::uint32_t kStreams = 20;
    constexpr std::size_t kBody = 200'000;
    ServerOptions options = Http2Options();
    options.write_stall_timeout = seconds(5);
    Site site(ctx, [](ResponseWriter& w, Request&) { return w.Write(std::string(kBody, 'x')); }, options);
    TestClient client = *TestClient::Dial(ctx, site.server().Bound());
    std::string bytes = std::string(h2::kPreface) + Windows(1 << 28);
    for (std::uint32_t i = 0; i < kStreams; ++i) bytes += GetOf(1 + 2 * i, "/");
    ASSERT_FALSE(client.Send(ctx, bytes));
    // One frame of a stream each second: its next one comes after all others had theirs.
    std::string seen;
    std::size_t ended = 0, reset = 0;
    std::size_t at = 0;
    while (ended + reset < kStreams) {
      ASSERT_FALSE(Sleep(ctx, seconds(1)));
      const Result<std::string> more = client.ReadSome(ctx);
      ASSERT_TRUE(more.Ok() && !more->empty()) << ended << " have ended";
      seen += *more;
      while (seen.size() >= at + h2::kFrameHeaderSize) {
        const h2::FrameHeader header = h2::FrameScanner::Parse(reinterpret_cast<const unsigned char*>(seen.data() + at));
        if (seen.size() < at + h2::kFrameHeaderSize + header.length) break;
        if (header.type == h2::frame_type::kReset) ++reset;
        if (header.type == h2::frame_type::kData && (header.flags & h2::frame_flag::kEndStream) != 0) ++ended;
        at += h2::kFrameHeaderSize + header.length;
      }
    }
    EXPECT_EQ(ended, kStreams);
    EXPECT_EQ(site.Count("timeout write"), 0);
  });
}

TEST(ServerHttp2Edges, AStreamWindowMayBeSmall) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.stream_window_bytes = 16'384;
    Site site(ctx, Echo, options);
    Client client(ctx, *site.server().ConnectHttp2(ctx));
    for (int i = 0; i < 2; ++i) {
      const std::string body = Pattern(1'000'000);
      EXPECT_TRUE(client.Post("/", body).body == body);
    }
  });
}

TEST(ServerHttp2Edges, AHeadAloneMayBeFlushed) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::atomic<int> failed{0};
    Site site(ctx, [&](ResponseWriter& w, Request&) -> Error {
      const Error err = w.Flush();
      if (err) ++failed;
      return err;
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(HeadersOf(1, "HEAD", "/"));
    EXPECT_EQ(client.Await(1).status, 200);
    EXPECT_FALSE(Sleep(ctx, seconds(1)));
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(site.Count("aborted"), 0);
  });
}

TEST(ServerHttp2Edges, ClosesAClientThatEndsWithinAHead) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.half_closed_clients = true;
    Site site(ctx, Say("x"), options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/") + h2::Frame(h2::frame_type::kHeaders, 0, 3, h2::Block(h2::GetFields())));
    client.raw().CloseSend();
    const TimePoint begin = Now();
    EXPECT_EQ(client.Await(1).body, "x");
    static_cast<void>(client.Rest());
    EXPECT_LE(Now() - begin, seconds(1));
  });
}

TEST(ServerHttp2Edges, AClientThatEndsWithinABodyGetsItsEarlyResponse) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.half_closed_clients = true;
    options.linger_timeout = seconds(3);
    Site site(ctx, [](ResponseWriter&, Request&) -> Error { return HttpError(413, "no"); }, options);
    RawHttp2 client(ctx, site);
    client.Send(PostOf(1, "/") + h2::Data(1, "x"));
    EXPECT_EQ(client.Await(1).status, 413);
    client.raw().CloseSend();
    const TimePoint begin = Now();
    static_cast<void>(client.Rest());
    EXPECT_LE(Now() - begin, seconds(5));
  });
}

TEST(ServerHttp2Edges, TheTimeOfARequestCountsFromItsHead) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.requests_max = 1;
    options.request_timeout = seconds(4);
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(3))) return err;
      return w.Write("done");
    }, options);
    RawHttp2 client(ctx, site);
    const TimePoint begin = Now();
    client.Send(GetOf(1, "/") + GetOf(3, "/"));
    EXPECT_EQ(client.Await(1).status, 200);
    EXPECT_EQ(client.Await(3).status, 504);
    EXPECT_LE(Now() - begin, milliseconds(4500)) << "it waited for three of its four seconds";
  });
}

TEST(ServerHttp2Edges, ARequestLimitIsReportedOnce) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.requests_per_connection_max = 1;
    Site site(ctx, Tell, options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/1") + GetOf(3, "/3") + GetOf(5, "/5"));
    EXPECT_EQ(client.Await(5).body, "/5");
    EXPECT_EQ(site.Count("limit requests per connection 1"), 1);
  });
}

TEST(ServerHttp2Edges, AClientThatKeepsOpeningStreamsGetsTheGoaway) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.requests_per_connection_max = 4;
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), milliseconds(300))) return err;
      return w.Write("x");
    }, options);
    RawHttp2 client(ctx, site);
    const TimePoint begin = Now();
    // There is never none.
    client.Send(GetOf(1, "/") + GetOf(3, "/"));
    std::uint32_t stream = 3, last = 0;
    std::set<std::uint32_t> served;
    while (const std::optional<h2::SeenFrame> frame = client.Next()) {
      const std::string text = RawHttp2::Describe(*frame);
      if (text == "PING") client.Pong(*frame);
      if (text.starts_with("GOAWAY")) last = frame->Number();
      if (text.starts_with("DATA")) served.insert(frame->header.stream);
      if (!text.starts_with("DATA") || stream > 100) continue;
      stream += 2;
      static_cast<void>(client.raw().Send(ctx, GetOf(stream, "/")));
    }
    EXPECT_LT(stream, 100u);
    EXPECT_LE(Now() - begin, seconds(4));
    EXPECT_LT(last, stream) << "what it has sent after that is known to be unserved";
    for (std::uint32_t id = 1; id <= last; id += 2) EXPECT_TRUE(served.count(id)) << id;
    EXPECT_TRUE(served.empty() || *served.rbegin() <= last);
  });
}

TEST(ServerHttp2Edges, TrailersThatAreTooManyAreNotTakenForAll) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::atomic<std::size_t> seen{0};
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      const Result<std::string> body = r.Body().ReadAll();
      seen = r.Trailer().Size();
      if (Error err = body.Err()) return err;
      return w.Write(*body);
    }, Http2Options());
    RawHttp2 client(ctx, site);
    std::vector<std::string> names;
    for (int i = 0; i < 200; ++i) names.push_back("t" + std::to_string(i));
    std::vector<Fields::Field> trailer;
    for (const std::string& name : names) trailer.push_back({name, "v"});
    client.Send(PostOf(1, "/") + h2::Data(1, "body") + h2::Headers(1, trailer));
    EXPECT_EQ(client.Await(1).status, 431);
    EXPECT_EQ(seen, 0u);
    EXPECT_EQ(site.Count("bad request 431: trailers too large"), 1);
    client.Send(PostOf(3, "/") + h2::Data(3, "body") + h2::Headers(3, {{"t", "v"}}));
    EXPECT_EQ(client.Await(3).body, "body");
  });
}

TEST(ServerHttp2Edges, ManyRequestsInOneReadOfHandlersThatNeverWaitAreServed) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.streams_per_connection_max = 2'000;
    Site site(ctx, Tell, options);
    RawHttp2 client(ctx, site, Windows(1 << 24));
    std::string bytes;
    for (std::uint32_t i = 0; i < 1'000; ++i) bytes += GetOf(1 + 2 * i, "/");
    client.Send(bytes);
    for (std::uint32_t i = 0; i < 1'000; ++i) ASSERT_EQ(client.Await(1 + 2 * i).body, "/");
  });
}

}  // namespace
}  // namespace weft
