// SPDX-License-Identifier: Apache-2.0
//
// A server that speaks HTTP/2: its streams. That all else is as over HTTP/1.1 is shown by running the other tests of this folder under
// WEFT_TEST_HTTP2=1.
#include "hijack_kit.h"
#include "http2_kit.h"

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ServerHttp2, TellsHandlersTheProtocol) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) {
      return w.Write(std::to_string(r.Version().first) + "." + std::to_string(r.Version().second) + " " + std::string(r.Host()) + " " +
                     std::string(r.Target()) + " " + std::string(r.Header().Get("Host")) + (r.Secure() ? " secure" : ""));
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/a?b"));
    const RawHttp2::Response response = client.Await(1);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "2.0 test /a?b test");
    EXPECT_EQ(response.Header("content-length"), std::to_string(response.body.size()));
    EXPECT_EQ(response.Header("content-type"), "text/plain; charset=utf-8");
    EXPECT_FALSE(response.Header("date").empty());
  });
}

TEST(ServerHttp2, IsNotSpokenInPlainTextUnlessAskedFor) {
  NEEDS_HTTP2();
  if (OverHttp2() || OverTls()) GTEST_SKIP();
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"));
    Client client = site.Connect();
    client.Send(h2::Hello());
    EXPECT_EQ(client.ReadResponse().status, 505);
    EXPECT_TRUE(client.Ended());
  });
}

TEST(ServerHttp2, IsSpokenOnThePortOfHttp11) {
  NEEDS_HTTP2();
  if (OverHttp2() || OverTls()) GTEST_SKIP();
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), Http2Options());
    EXPECT_EQ(site.Connect().Get("/").version, "HTTP/1.1");
    EXPECT_EQ(Client(ctx, *site.server().ConnectHttp2(ctx)).Get("/").version, "HTTP/2.0");
  });
}

TEST(ServerHttp2, IsAgreedOnOverTls) {
  NEEDS_HTTP2();
  if (!TlsExists()) GTEST_SKIP() << "built without TLS";
  if (OverHttp2()) GTEST_SKIP();
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.tls = TestCertificate();
    Site site(ctx, [](ResponseWriter& w, Request& r) { return w.Write(r.Tls()->alpn + (r.Secure() ? " secure" : "")); }, options);
    Client client(ctx, *site.server().ConnectHttp2(ctx));
    const TestResponse first = client.Get("/");
    EXPECT_EQ(first.version, "HTTP/2.0");
    EXPECT_EQ(first.body, "h2 secure");
    EXPECT_EQ(client.Get("/").body, "h2 secure");
    EXPECT_EQ(Client(ctx, *site.server().Connect(ctx)).Get("/").body, "http/1.1 secure");
  });
}

TEST(ServerHttp2, IsNotOfferedWhereItIsNotWanted) {
  NEEDS_HTTP2();
  if (!TlsExists()) GTEST_SKIP() << "built without TLS";
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.tls = TestCertificate();
    options.http2 = false;
    Site site(ctx, Say("x"), options);
    EXPECT_FALSE(site.server().ConnectHttp2(ctx).Ok());
  });
}

TEST(ServerHttp2, APrefaceMayComeInPieces) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), Http2Options());
    for (const std::size_t piece : {1u, 5u, 15u, 17u}) {
      TestClient client = *TestClient::Dial(ctx, site.server().Bound());
      const std::string bytes = h2::Hello() + GetOf(1, "/");
      for (std::string_view left = bytes; !left.empty(); left.remove_prefix(std::min(piece, left.size()))) {
        EXPECT_FALSE(client.Send(ctx, left.substr(0, piece)));
        EXPECT_FALSE(Sleep(ctx, milliseconds(1)));
      }
      std::string seen;
      while (seen.find("x") == std::string::npos || !seen.ends_with("x")) {
        const Result<std::string> more = client.ReadSome(ctx);
        if (!more.Ok() || more->empty()) break;
        seen += *more;
      }
      EXPECT_TRUE(seen.ends_with("x")) << "in pieces of " << piece;
    }
  });
}

TEST(ServerHttp2, StreamsDoNotWaitForEachOther) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Event go;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/slow") {
        if (Error err = go.Wait(r.Ctx())) return err;
      }
      return w.Write(r.Path());
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/slow") + GetOf(3, "/quick"));
    EXPECT_EQ(client.Await(3).body, "/quick");
    go.Set();
    EXPECT_EQ(client.Await(1).body, "/slow");
  });
}

TEST(ServerHttp2, AResetCancelsJustThatRequest) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    const Chan<std::string> ends(4);
    Event go;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      const Error err = go.Wait(r.Ctx());
      if (err) static_cast<void>(ends.TrySend(std::string(r.Path()) + ": " + r.Ctx().Cause().Message()));
      if (err) return err;
      return w.Write(r.Path());
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/a") + GetOf(3, "/b"));
    ASSERT_TRUE(client.SilentFor(milliseconds(1)) || true);
    client.Send(ResetOf(1));
    EXPECT_EQ(*ends.Receive(ctx), "/a: " + kClientGone.Message());
    go.Set();
    EXPECT_EQ(client.Await(3).body, "/b");
  });
}

TEST(ServerHttp2, ADisconnectCancelsAllStreams) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::atomic<int> gone{0};
    Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
      const Error err = Sleep(r.Ctx(), seconds(1000));
      if (r.Ctx().Cause().Is(kClientGone)) ++gone;
      return err;
    }, Http2Options());
    {
      RawHttp2 client(ctx, site);
      client.Send(GetOf(1, "/") + GetOf(3, "/") + PostOf(5, "/"));
      EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    }
    EXPECT_FALSE(Sleep(ctx, seconds(1)));
    EXPECT_EQ(gone, 3);
  });
}

TEST(ServerHttp2, AFailedResponseIsResetWithInternalError) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      if (Error err = w.Write(std::string(10'000, 'x'))) return err;
      if (Error err = w.Flush()) return err;
      return Error::New("broken");
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/"));
    const RawHttp2::Response response = client.Await(1);
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.ended);
    EXPECT_EQ(response.reset, 2u);
    EXPECT_EQ(site.Count("aborted: broken"), 1);
    client.Send(GetOf(3, "/"));
    EXPECT_EQ(client.Await(3).reset, 2u) << "the connection goes on";
  });
}

TEST(ServerHttp2, LargeBodiesGoBothWaysAsFastAsTheirReaders) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.body_bytes_max = kUnlimited;
    Site site(ctx, Echo, options);
    Client client(ctx, *site.server().ConnectHttp2(ctx));
    const std::string body = Pattern(5'000'000);
    const TestResponse response = client.Post("/", body);
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.body == body);
  });
}

TEST(ServerHttp2, AnUnreadBodyHoldsUpNoOther) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Event go;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/lazy") {
        if (Error err = go.Wait(r.Ctx())) return err;
      }
      Result<std::string> all = r.Body().ReadAll();
      if (Error err = all.Err()) return err;
      return w.Write(std::to_string(all->size()));
    }, Http2Options());
    RawHttp2 client(ctx, site);
    // As much as the windows of the streams allow before a read, of more streams than 65,535 bytes are enough for.
    std::string bytes;
    for (std::uint32_t stream = 1; stream < 9; stream += 2) {
      bytes += PostOf(stream, "/lazy");
      for (int i = 0; i < 3; ++i) bytes += h2::Data(stream, std::string(16'384, 'x'));
    }
    client.Send(bytes + PostOf(9, "/quick") + h2::Data(9, std::string(16'384, 'y')) + h2::Data(9, std::string(16'384, 'y'), true));
    EXPECT_EQ(client.Await(9).body, "32768");
    go.Set();
    client.Send(h2::Data(1, "", true));
    EXPECT_EQ(client.Await(1).body, "49152");
  });
}

TEST(ServerHttp2, AnEarlyResponseEndsBeforeItsRequestAndIsResetLater) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.linger_timeout = seconds(3);
    Site site(ctx, [](ResponseWriter&, Request&) -> Error { return HttpError(413, "no"); }, options);
    RawHttp2 client(ctx, site);
    const TimePoint begin = Now();
    client.Send(PostOf(1, "/") + h2::Data(1, std::string(16'384, 'x')));
    const RawHttp2::Response response = client.Await(1);
    EXPECT_EQ(response.status, 413);
    EXPECT_TRUE(response.ended);
    // What it goes on to send is thrown away, and windows go on being given.
    int windows = 0;
    for (int i = 0; i < 40; ++i) {
      client.Send(h2::Data(1, std::string(8'192, 'x')));
      if (i % 4 == 3) windows += client.Until(h2::frame_type::kWindowUpdate, 1) ? 1 : 0;
    }
    EXPECT_EQ(windows, 10);
    const std::optional<h2::SeenFrame> reset = client.Until(h2::frame_type::kReset, 1);
    ASSERT_TRUE(reset);
    EXPECT_EQ(reset->Number(), 0u);
    EXPECT_GE(Now() - begin, seconds(3));
    client.Send(GetOf(3, "/"));
    EXPECT_EQ(client.Await(3).status, 413);
  });
}

TEST(ServerHttp2, AnEarlyResponseWhoseRequestEndsIsNotReset) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("early"), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(PostOf(1, "/") + h2::Data(1, "x"));
    EXPECT_TRUE(client.Await(1).ended);
    client.Send(h2::Data(1, "y", true));
    EXPECT_FALSE(Sleep(ctx, seconds(60)));
    client.Send(GetOf(3, "/"));
    EXPECT_EQ(client.Await(3).body, "early");
    EXPECT_FALSE(client.Await(1).reset);
  });
}

TEST(ServerHttp2, AWindowThatStaysClosedEndsTheResponse) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.write_stall_timeout = seconds(5);
    Site site(ctx, [](ResponseWriter& w, Request&) { return w.Write(std::string(100'000, 'x')); }, options);
    RawHttp2 client(ctx, site, h2::Settings({{4, 1000}}));
    client.Send(GetOf(1, "/"));
    const std::optional<h2::SeenFrame> reset = client.Until(h2::frame_type::kReset, 1);
    ASSERT_TRUE(reset);
    EXPECT_EQ(reset->Number(), 2u);
    EXPECT_EQ(site.Count("timeout write"), 1);
  });
}

TEST(ServerHttp2, AShortResponseThatNobodyTakesIsGivenUpToo) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.write_stall_timeout = seconds(5);
    Site site(ctx, Say(std::string(2000, 'x')), options);
    RawHttp2 client(ctx, site, h2::Settings({{4, 100}}));
    client.Send(GetOf(1, "/"));
    ASSERT_TRUE(client.Until(h2::frame_type::kReset, 1));
    EXPECT_EQ(site.Count("timeout write"), 1);
  });
}

TEST(ServerHttp2, TheDeadlineOfARequestBecomesA504) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.request_timeout = seconds(2);
    Site site(ctx, [](ResponseWriter&, Request& r) { return Sleep(r.Ctx(), seconds(100)); }, options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/") + GetOf(3, "/"));
    EXPECT_EQ(client.Await(1).status, 504);
    EXPECT_EQ(client.Await(3).status, 504);
  });
}

TEST(ServerHttp2, RefusalsHaveAStatus) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.head_bytes_max = 2000;
    Site site(ctx, Say("x"), options);
    RawHttp2 client(ctx, site);
    const std::string large(3000, 'x');
    client.Send(HeadersOf(1, "GET", "/%zz") + HeadersOf(3, "GET", "/", {{"a", large}}) + HeadersOf(5, "HEAD", "/%zz") + GetOf(7, "/"));
    EXPECT_EQ(client.Await(1).status, 400);
    EXPECT_EQ(client.Await(3).status, 431);
    EXPECT_EQ(client.Await(5).status, 400);
    EXPECT_EQ(client.Await(5).body, "");
    EXPECT_EQ(client.Await(7).status, 200);
    EXPECT_EQ(site.Count("bad request"), 3);
  });
}

TEST(ServerHttp2, RequestsWaitForASlotAndAreRejectedBeyond) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.requests_max = 1;
    options.queued_requests_max = 1;
    Event go;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (Error err = go.Wait(r.Ctx())) return err;
      return w.Write(r.Path());
    }, options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/1") + GetOf(3, "/3") + GetOf(5, "/5"));
    const RawHttp2::Response third = client.Await(5);
    EXPECT_EQ(third.status, 503);
    EXPECT_EQ(third.Header("retry-after"), "1");
    go.Set();
    EXPECT_EQ(client.Await(1).body, "/1");
    EXPECT_EQ(client.Await(3).body, "/3");
  });
}

TEST(ServerHttp2, AQueuedRequestThatIsResetLeavesTheQueue) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.requests_max = 1;
    Event go;
    Event later;
    std::atomic<int> served{0};
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      ++served;
      if (Error err = (r.Path() == "/7" ? later : go).Wait(r.Ctx())) return err;
      return w.Write(r.Path());
    }, options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/1") + GetOf(3, "/3"));
    EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    client.Send(ResetOf(3) + GetOf(5, "/5"));
    {
      RawHttp2 leaves(ctx, site);
      leaves.Send(GetOf(1, "/gone") + GetOf(3, "/gone"));
      EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    }
    EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    go.Set();
    EXPECT_EQ(client.Await(5).body, "/5");
    EXPECT_EQ(served, 2);
    // Each of them has left the queue once.
    client.Send(GetOf(7, "/7") + GetOf(9, "/9"));
    EXPECT_FALSE(Sleep(ctx, milliseconds(10)));
    later.Set();
    EXPECT_EQ(client.Await(9).body, "/9");
  });
}

TEST(ServerHttp2, LongLivedRequestsGiveTheirSlotBack) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.requests_max = 1;
    Event go;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/feed") {
        if (!r.LongLived()) return HttpError(503, "full");
        if (Error err = go.Wait(r.Ctx())) return err;
      }
      return w.Write(r.Path());
    }, options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/feed") + GetOf(3, "/3"));
    EXPECT_EQ(client.Await(3).body, "/3");
    go.Set();
    EXPECT_EQ(client.Await(1).body, "/feed");
  });
}

TEST(ServerHttp2, InterimResponsesAndTrailersComeInOrder) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      w.Header().Set("Link", "</a>");
      w.WriteHeader(103);
      w.WriteHeader(200);
      w.Trailer().Set("Grpc-Status", "0");
      Result<std::string> body = r.Body().ReadAll();
      if (Error err = body.Err()) return err;
      return w.Write(*body + std::string(r.Trailer().Get("sum")));
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(PostOf(1, "/") + h2::Data(1, "body") + h2::Headers(1, {{"sum", "42"}}));
    EXPECT_EQ(client.Await(1).body, "body42");
    EXPECT_EQ(client.Await(1).Header("grpc-status"), "0");
  });
}

TEST(ServerHttp2, HijackIsForConnect) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Method() != "CONNECT") {
        w.Header().Set("Upgrade", "echo");
        w.WriteHeader(101);
      } else {
        w.WriteHeader(200);
      }
      Result<Stream> stream = w.Hijack();
      if (Error err = stream.Err()) return HttpError(501, err.Message());
      char piece[100];
      for (;;) {
        const Result<std::size_t> n = stream->Read(piece);
        if (n.Err() || *n == 0) return n.Err();
        if (Error err = stream->Write({piece, *n})) return err;
      }
    }, Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/") + h2::Headers(3, {{":method", "CONNECT"}, {":authority", "test:1"}}, false) + h2::Data(3, "ping"));
    EXPECT_EQ(client.Await(1).status, 501);
    EXPECT_EQ(client.Until(h2::frame_type::kData, 3)->payload, "ping");
    client.Send(h2::Data(3, "pong", true));
    const RawHttp2::Response tunnel = client.Await(3);
    EXPECT_EQ(tunnel.body, "pong");
    EXPECT_TRUE(tunnel.ended);
  });
}

TEST(ServerHttp2, AnExtendedConnectIsAnUpgrade) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.http2_extended_connect = true;
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Method() != "GET" || !r.OffersUpgrade("websocket")) return HttpError(400, "no upgrade");
      w.Header().Set("Upgrade", "websocket");
      w.WriteHeader(101);
      Result<Stream> stream = w.Hijack();
      if (Error err = stream.Err()) return err;
      if (Error err = stream->Write("hello")) return err;
      return stream->CloseWrite();
    }, options);
    RawHttp2 client(ctx, site);
    client.Send(h2::Headers(1, {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "http"}, {":path", "/chat"}, {":authority", "test"}}, false));
    const RawHttp2::Response response = client.Await(1);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_EQ(response.Header("upgrade"), "");
  });
}

TEST(ServerHttp2, ARequestLimitEndsTheConnectionInGoodOrder) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    ServerOptions options = Http2Options();
    options.requests_per_connection_max = 2;
    Site site(ctx, Tell, options);
    RawHttp2 client(ctx, site);
    client.Send(GetOf(1, "/1"));
    EXPECT_EQ(client.Await(1).body, "/1");
    client.Send(GetOf(3, "/3"));
    EXPECT_EQ(client.Await(3).body, "/3");
    while (const std::optional<h2::SeenFrame> frame = client.Next()) {
      if (frame->header.type == h2::frame_type::kPing) client.Pong(*frame);
    }
    EXPECT_EQ(site.Count("limit requests per connection 2"), 1);
  });
}

}  // namespace
}  // namespace weft
