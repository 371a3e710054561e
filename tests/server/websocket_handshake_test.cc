// SPDX-License-Identifier: Apache-2.0
//
// Who may open a WebSocket, and from which page.
#include "http2_kit.h"
#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// The response to a handshake that is changed like this.
TestResponse ResponseTo(const Site& site, std::string_view replace, std::string_view with, std::string_view fields = {}) {
  std::string handshake = Handshake(fields);
  if (!replace.empty()) handshake.replace(handshake.find(replace), replace.size(), with);
  Client client = site.Connect();
  client.Send(handshake);
  return client.ReadResponse();
}

TEST(WebSocketHandshake, OnlyVersion13IsSpoken) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket());
    for (const std::string_view other : {"8", "14", "13, 8", ""}) {
      const TestResponse response = ResponseTo(site, "Version: 13", "Version: " + std::string(other));
      EXPECT_EQ(response.status, 426) << other;
      EXPECT_EQ(response.Header("Sec-WebSocket-Version"), "13");
      EXPECT_EQ(response.Header("Upgrade"), "websocket");
    }
    EXPECT_EQ(ResponseTo(site, "Upgrade: websocket\r\n", "").status, 426);
    EXPECT_EQ(ResponseTo(site, "Upgrade: websocket", "Upgrade: chat").status, 426);
    EXPECT_EQ(ResponseTo(site, "keep-alive, Upgrade", "keep-alive").status, 426);
    EXPECT_EQ(ResponseTo(site, "GET", "PUT").status, 426);
    Client plain = site.Connect();
    EXPECT_EQ(plain.Get("/ws").status, 426);
    EXPECT_EQ(plain.Get("/ws").status, 426);  // the connection goes on
  });
}

TEST(WebSocketHandshake, AKeyIs16BytesInBase64) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket());
    for (const std::string_view bad : {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZ===", "dGhl IHNhbXBsZSBub25jQ==",
                                       "dGhlIHNhbXBsZSBub25jZQdGhlIHNhbXBsZSBub25jZQdGhlIHNhbXBsZSBub25jZQdGhlIHNhbXBsZSBub25jZQ=="}) {
      EXPECT_EQ(ResponseTo(site, kSampleKey, bad).status, 400) << bad;
    }
    EXPECT_EQ(ResponseTo(site, "", "", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").status, 400);  // two of them
  });
}

TEST(WebSocketHandshake, PagesOfOtherOriginsAreRejected) {
  Virtually([](const Context& ctx) {
    Site same(ctx, EchoWebSocket());
    Site listed(ctx, EchoWebSocket(nullptr, nullptr, {.origins = {"https://app.test", "http://localhost:3000"}}));
    Site open(ctx, EchoWebSocket(nullptr, nullptr, {.origins = {"*"}}));
    const struct {
      std::string_view origin;
      int same, listed, open;
    } cases[] = {
        {"http://h.test", 101, 403, 101},       {"https://h.test", 101, 403, 101},        {"https://H.test", 403, 403, 101},
        {"https://evil.test", 403, 403, 101},   {"https://h.test.evil.test", 403, 403, 101}, {"https://h.test:8443", 403, 403, 101},
        {"null", 403, 403, 101},                {"", 403, 403, 101},                      {"h.test", 403, 403, 101},
        {"https://app.test", 403, 101, 101},    {"http://app.test", 403, 403, 101},       {"http://localhost:3000", 403, 101, 101},
    };
    for (const auto& one : cases) {
      const std::string field = "Origin: " + std::string(one.origin) + "\r\n";
      EXPECT_EQ(ResponseTo(same, "", "", field).status, one.same) << one.origin;
      EXPECT_EQ(ResponseTo(listed, "", "", field).status, one.listed) << one.origin;
      EXPECT_EQ(ResponseTo(open, "", "", field).status, one.open) << one.origin;
    }
    EXPECT_EQ(ResponseTo(listed, "", "").status, 101);  // no browser
  });
}

TEST(WebSocketHandshake, TheBestProtocolThatTheClientOffersIsChosen) {
  Virtually([](const Context& ctx) {
    std::string chosen;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r, {.protocols = {"chat.v2", "chat.v1"}});
      if (Error err = socket.Err()) return err;
      chosen = socket->Protocol();
      return {};
    });
    const struct {
      std::string_view fields, chosen;
    } cases[] = {
        {"", ""},
        {"Sec-WebSocket-Protocol: mqtt\r\n", ""},
        {"Sec-WebSocket-Protocol: chat.v1, chat.v2\r\n", "chat.v2"},
        {"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Protocol: chat.v1\r\n", "chat.v1"},
        {"Sec-WebSocket-Protocol: Chat.V1\r\n", ""},
    };
    for (const auto& one : cases) {
      EXPECT_EQ(ResponseTo(site, "", "", one.fields).Header("Sec-WebSocket-Protocol"), one.chosen);
      EXPECT_EQ(chosen, one.chosen);
    }
  });
}

TEST(WebSocketHandshake, NoExtensionIsAccepted) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket());
    const TestResponse response =
        ResponseTo(site, "", "", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
    EXPECT_EQ(response.status, 101);
    EXPECT_FALSE(response.Has("Sec-WebSocket-Extensions"));
  });
}

TEST(WebSocketHandshake, FieldsOfTheHandlerAreSentAlong) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      w.Header().Set("Set-Cookie", "seen=1");
      return AcceptWebSocket(w, r).Err();
    });
    EXPECT_EQ(ResponseTo(site, "", "").Header("Set-Cookie"), "seen=1");
  });
}

TEST(WebSocketHandshake, ReadsFramesThatCameWithTheHandshake) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket());
    Client client = site.Connect();
    client.Send(Handshake() + Text("early"));
    EXPECT_EQ(client.ReadResponse().status, 101);
    EXPECT_EQ(client.Until("early"), "\x81\x05" "early");
  });
}

// What opens one over HTTP/2 is in websocket_http2_test.cc.
TEST(WebSocketHandshake, AGetOverHttp2OpensNone) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket(), Http2Options());
    RawHttp2 client(ctx, site);
    client.Send(HeadersOf(1, "GET", "/ws", {{"sec-websocket-version", "13"}, {"sec-websocket-key", kSampleKey}}));
    const RawHttp2::Response response = client.Await(1);
    EXPECT_EQ(response.status, 426);
    EXPECT_TRUE(response.Header("upgrade").empty());  // RFC 9113 section 8.2.2
  });
}

TEST(WebSocketHandshake, TooManyLongLivedRequestsAre503) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.long_lived_max = 1;
    Site site(ctx, EchoWebSocket(), options);
    WsClient first(ctx, site);
    EXPECT_EQ(ResponseTo(site, "", "").status, 503);
  });
}

// It is no switch, and what a handler has set itself stays.
TEST(WebSocketHandshake, ARejectionHasNoFieldsOfThe101) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.long_lived_max = 1;
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      w.Header().Set("Set-Cookie", "seen=1");
      if (r.RawQuery() == "keep") w.Header().Set("Connection", "X-Hop");
      return EchoWebSocket(nullptr, nullptr, {.protocols = {"chat"}})(w, r);
    }, options);
    WsClient first(ctx, site);
    const TestResponse response = ResponseTo(site, "", "", "Sec-WebSocket-Protocol: chat\r\n");
    EXPECT_EQ(response.status, 503);
    for (const std::string_view name : {"Upgrade", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol", "Connection"}) {
      EXPECT_FALSE(response.Has(name)) << name << ": " << response.Header(name);
    }
    EXPECT_EQ(response.Header("Set-Cookie"), "seen=1");
    EXPECT_EQ(ResponseTo(site, "/ws", "/ws?keep").Header("Connection"), "X-Hop");
  });
}

TEST(WebSocketHandshake, ABodyIsNone) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket());
    EXPECT_EQ(ResponseTo(site, "", "", "Content-Length: 5\r\n").status, 400);
    EXPECT_EQ(ResponseTo(site, "", "", "Transfer-Encoding: chunked\r\n").status, 400);
    EXPECT_EQ(ResponseTo(site, "", "", "Content-Length: 0\r\n").status, 101);
    EXPECT_EQ(site.Count("failed"), 0);
  });
}

// --- what aborts

Handler Accepts(WebSocketOptions options) {
  return [options = std::move(options)](ResponseWriter& w, Request& r) { return AcceptWebSocket(w, r, options).Err(); };
}

TEST(WebSocketDeathTest, LimitsAreAboveZero) {
  const struct {
    WebSocketOptions options;
    const char* rule;
  } cases[] = {
      {{.message_bytes_max = 0}, "AcceptWebSocket: WebSocketOptions::message_bytes_max must be above zero"},
      {{.ping_after = 0s}, "AcceptWebSocket: WebSocketOptions::ping_after must be above zero or kUnlimited"},
      {{.ping_after = -1s}, "AcceptWebSocket: WebSocketOptions::ping_after must be above zero or kUnlimited"},
  };
  for (const auto& one : cases) {
    EXPECT_DEATH(Virtually([&](const Context& ctx) {
                   Site site(ctx, Accepts(one.options));
                   WsClient client(ctx, site);
                 }),
                 one.rule);
  }
}

}  // namespace
}  // namespace weft
