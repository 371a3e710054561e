// SPDX-License-Identifier: Apache-2.0
//
// WebSockets through a ReverseProxy to a server of HTTP/1.1, as upgrades, and as streams of HTTP/2 (RFC 8441), which become upgrades there.
#include <weft/handlers/proxy/reverse_proxy.h>

#include <string>

#include <weft/clients/http/http_client.h>
#include <weft/server/test_network.h>

#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// A server of HTTP/1.1, and a proxy in front of it, which the client connects to.
struct Proxied {
  explicit Proxied(const Context& ctx, Handler handler, ServerOptions options = {})
      : network(ctx), upstream(network.Serve("http://a.internal", std::move(handler))), client(network.ClientOptions()),
        pool(client, {.addresses = {"a.internal"}}), site(ctx, ReverseProxy(pool), std::move(options)) {}

  TestNetwork network;
  TestServer& upstream;
  HttpClient client;
  UpstreamPool pool;
  Site site;
};

ServerOptions OverHttp2Only() {
  ServerOptions options = Http2Options();
  options.http2_extended_connect = true;
  return options;
}

TEST(WebSocketProxy, PassesMessagesAndTheCloseHandshakeOn) {
  Virtually([](const Context& ctx) {
    Error outcome;
    WebSocketClose status;
    Proxied both(ctx, EchoWebSocket(&outcome, &status));
    WsClient client(ctx, both.site);
    for (const std::size_t size : {0, 125, 126, 65536, 300'000}) {
      client.Send(Text(Pattern(size)));
      EXPECT_EQ(client.Message(), Pattern(size)) << size;
    }
    client.Send(CloseWith(3000, "done"));
    EXPECT_EQ(client.CloseCode(), 3000);
    EXPECT_TRUE(client.Ended());
    EXPECT_TRUE(outcome.Is(kClosed)) << outcome.Message();
    EXPECT_EQ(status.code, 3000);
  });
}

TEST(WebSocketProxy, PassesTheDrainOfTheUpstreamOn) {
  Virtually([](const Context& ctx) {
    Proxied both(ctx, EchoWebSocket());
    WsClient client(ctx, both.site);
    client.Send(Text("hello"));
    EXPECT_EQ(client.Message(), "hello");
    both.upstream.BeginDrain();
    EXPECT_EQ(client.CloseCode(), 1001);
    client.Send(CloseWith(1001));
    EXPECT_TRUE(client.Ended());
  });
}

TEST(WebSocketProxy, TellsTheUpstreamThatTheClientHasGone) {
  Virtually([](const Context& ctx) {
    Error outcome;
    Proxied both(ctx, EchoWebSocket(&outcome));
    {
      WsClient client(ctx, both.site);
      client.Send(Text("hello"));
      EXPECT_EQ(client.Message(), "hello");
    }
    const TimePoint begin = Now();
    while (!outcome) (void)Sleep(ctx, 1ms);
    EXPECT_LT(Now() - begin, 1s);
    EXPECT_TRUE(outcome.Is(kClientGone)) << outcome.Message();
  });
}

TEST(WebSocketProxyHttp2, TheUpstreamGetsAKeyOfTheProxy) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::string keys, version, origin;
    Proxied both(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      EXPECT_EQ(r.Version().first, 1);
      keys.append(r.Header().Get("Sec-WebSocket-Key")).append(";");
      origin = r.Header().Get("Origin");
      Result<WebSocket> socket = AcceptWebSocket(w, r, {.protocols = {"chat.v2", "chat.v1"}, .origins = {"*"}});
      if (Error err = socket.Err()) return err;
      return socket->Close(1000);
    }, OverHttp2Only());
    auto connection = std::make_shared<RawHttp2>(ctx, both.site);
    for (const std::uint32_t stream : {1u, 3u}) {
      Http2WebSocketWire wire(ctx, connection, stream, "/ws", {{"sec-websocket-protocol", "mqtt, chat.v1"}, {"origin", "https://app.test"}});
      EXPECT_EQ(wire.Status(), 200);
      EXPECT_EQ(wire.Header("sec-websocket-protocol"), "chat.v1");
      for (const std::string_view none : {"sec-websocket-accept", "upgrade", "connection"}) EXPECT_EQ(wire.Header(none), "") << none;
    }
    EXPECT_EQ(origin, "https://app.test");
    ASSERT_EQ(keys.size(), 50u) << keys;
    EXPECT_NE(keys.substr(0, 25), keys.substr(25));
  });
}

// What is no "yes" must not look like one: over HTTP/2 every 2xx opens the WebSocket.
TEST(WebSocketProxyHttp2, ARejectedHandshakeOpensNothing) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Proxied both(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/page") return w.Write("a page");
      if (r.Path() == "/none") return HttpError(404);
      if (r.Path() == "/origin") return AcceptWebSocket(w, r).Err();
      w.Header().Set("Upgrade", "websocket");
      w.Header().Set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      w.WriteHeader(101);
      return w.Hijack().Err();
    }, OverHttp2Only());
    const struct {
      const char* target;
      int status;
    } cases[] = {{"/page", 501}, {"/none", 404}, {"/origin", 403}, {"/wrong", 502}};
    for (const auto& one : cases) {
      Http2WebSocketWire wire(ctx, std::make_shared<RawHttp2>(ctx, both.site), 1, one.target, {{"origin", "https://elsewhere.test"}});
      EXPECT_EQ(wire.Status(), one.status) << one.target;
    }
  });
}

}  // namespace
}  // namespace weft
