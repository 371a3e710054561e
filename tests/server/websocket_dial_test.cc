// SPDX-License-Identifier: Apache-2.0
//
// Both ends are weft's: DialWebSocket against AcceptWebSocket.
#include <weft/handlers/live/dial_websocket.h>

#include <weft/concurrency/run.h>

#include "hijack_kit.h"
#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// A client for a site, over TCP, which trusts it where it speaks TLS.
struct Dialled {
  Dialled(const Context& ctx, Handler handler)
      : site(ctx, std::move(handler), Options()), url("ws" + site.server().Bound().substr(4) + "/ws"), client(ClientOptions()) {}
  static const Tls& Certificate() {
    static const Tls certificate = *Tls::SelfSigned({"127.0.0.1"});
    return certificate;
  }
  static ServerOptions Options() {
    ServerOptions options = OverTcp();
    if (OverTls()) options.tls = Certificate();
    return options;
  }
  static HttpClientOptions ClientOptions() {
    HttpClientOptions options;
    if (OverTls()) options.tls.ca_pem = Certificate().Certificates().front().pem;
    return options;
  }
  Site site;
  const std::string url;
  HttpClient client;
};

void PlayOverTcp(const std::function<void(const Context&)>& body) {
  const Error err = Run(Background(), [&](const Context& ctx) -> Error {
    body(ctx);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(DialWebSocket, SpeaksWithAServer) {
  PlayOverTcp([](const Context& ctx) {
    Dialled both(ctx, EchoWebSocket());
    Result<WebSocket> socket = DialWebSocket(ctx, both.client, both.url);
    ASSERT_TRUE(socket.Ok()) << socket.Err().Message();
    for (const std::size_t size : {0, 1, 125, 126, 4096, 4097, 65536, 300'000}) {
      ASSERT_FALSE(socket->Send(ctx, Pattern(size)));
      const Result<WebSocketMessage> back = socket->Receive(ctx);
      ASSERT_TRUE(back.Ok()) << back.Err().Message();
      EXPECT_EQ(back->data, Pattern(size));
    }
    EXPECT_FALSE(socket->Close(1000, "done"));
    EXPECT_TRUE(socket->Receive(ctx).Err().Is(kClosed));
    EXPECT_EQ(socket->CloseStatus().code, 1000);
  });
}

TEST(DialWebSocket, AgreesOnAProtocol) {
  PlayOverTcp([](const Context& ctx) {
    Dialled both(ctx, EchoWebSocket(nullptr, nullptr, {.protocols = {"chat.v2"}}));
    Result<WebSocket> socket = DialWebSocket(ctx, both.client, both.url, {.protocols = {"chat.v1", "chat.v2"}});
    ASSERT_TRUE(socket.Ok()) << socket.Err().Message();
    EXPECT_EQ(socket->Protocol(), "chat.v2");
  });
}

TEST(DialWebSocket, SaysGoodbyeWhereItGoesOutOfScope) {
  PlayOverTcp([](const Context& ctx) {
    Error outcome;
    WebSocketClose status;
    {
      Dialled both(ctx, EchoWebSocket(&outcome, &status));
      {
        Result<WebSocket> socket = DialWebSocket(ctx, both.client, both.url);
        ASSERT_TRUE(socket.Ok()) << socket.Err().Message();
      }
      EXPECT_FALSE(both.site.Stop());
    }
    EXPECT_TRUE(outcome.Is(kClosed)) << outcome.Message();
    EXPECT_EQ(status.code, 1000);
  });
}

TEST(DialWebSocket, AnotherResponseIsAFailure) {
  PlayOverTcp([](const Context& ctx) {
    Dialled both(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/ws") return HttpError(403);
      w.Header().Set("Upgrade", "websocket");
      w.Header().Set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // of another key
      w.WriteHeader(101);
      return w.Hijack().Err();
    });
    const Error rejected = DialWebSocket(ctx, both.client, both.url).Err();
    ASSERT_NE(rejected.As<ClientFailure>(), nullptr) << rejected.Message();
    EXPECT_EQ(rejected.As<ClientFailure>()->kind, ClientFailure::kStatus);
    const Error wrong = DialWebSocket(ctx, both.client, both.url + "x").Err();
    ASSERT_NE(wrong.As<ClientFailure>(), nullptr) << wrong.Message();
    EXPECT_EQ(wrong.As<ClientFailure>()->kind, ClientFailure::kMalformed);
    EXPECT_FALSE(wrong.Is(kMalformed));
  });
}

TEST(DialWebSocket, ADrainOfTheServerIs1001) {
  PlayOverTcp([](const Context& ctx) {
    Dialled both(ctx, EchoWebSocket());
    Result<WebSocket> socket = DialWebSocket(ctx, both.client, both.url);
    ASSERT_TRUE(socket.Ok()) << socket.Err().Message();
    both.site.server().BeginDrain();
    EXPECT_TRUE(socket->Receive(ctx).Err().Is(kClosed));
    EXPECT_EQ(socket->CloseStatus().code, 1001);
    EXPECT_FALSE(both.site.server().Join());
  });
}

}  // namespace
}  // namespace weft
