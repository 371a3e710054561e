// SPDX-License-Identifier: Apache-2.0
//
// What was written for Beast, on a server: BeastStream on a connection that a handler has taken over (in plain text, and over TLS with the other
// tests of this folder), and FromBeast where the client speaks HTTP/2.
#include <weft/handlers/beast.h>

#include <optional>
#include <string>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "hijack_kit.h"
#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

// As in docs/live.md. Keeps why it has ended.
Handler BeastEcho(std::optional<Error>& why) {
  return [&why](ResponseWriter& w, Request& r) -> Error {
    http::request<http::empty_body> upgrade{http::verb::get, "/", 11};
    for (const auto& field : r.Header()) upgrade.insert(field.name, field.value);
    Result<Stream> stream = w.Hijack();
    if (Error err = stream.Err()) return err;
    websocket::stream<BeastStream> socket(BeastStream(*std::move(stream), r.Ctx()));
    socket.accept(upgrade);
    for (beast::flat_buffer message;; message.clear()) {
      beast::error_code ec;
      socket.read(message, ec);
      if (ec) {
        why = ec == websocket::error::closed ? kClosed : socket.next_layer().LastError();
        return {};
      }
      socket.text(socket.got_text());
      socket.write(message.data());
    }
  };
}

TEST(BeastOnServer, AWebSocketOfBeastRunsOnAHijackedStream) {
  Virtually([](const Context& ctx) {
    std::optional<Error> why;
    Site site(ctx, BeastEcho(why));
    WsClient client(ctx, site);
    for (const std::size_t size : {0, 1, 126, 65536, 300'000}) {
      client.Send(Text(Pattern(size)));
      EXPECT_EQ(client.Message(), Pattern(size)) << size;
    }
    client.Send(CloseWith(1000));
    EXPECT_EQ(client.CloseCode(), 1000);
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(why.has_value());
    EXPECT_TRUE(why->Is(kClosed)) << why->Message();
  });
}

TEST(BeastOnServer, TheDrainTimeoutEndsItsRead) {
  Virtually([](const Context& ctx) {
    std::optional<Error> why;
    Site site(ctx, BeastEcho(why));
    WsClient client(ctx, site);
    client.Send(Text("hello"));
    EXPECT_EQ(client.Message(), "hello");
    const TimePoint begin = Now();
    site.server().BeginDrain();
    client.ToEnd();
    EXPECT_EQ(Now() - begin, ServerOptions().drain_timeout);
    ASSERT_TRUE(why.has_value());
    EXPECT_TRUE(why->Is(kServerClosing)) << why->Message();
  });
}

TEST(BeastOnServer, ADisconnectEndsTheRead) {
  Virtually([](const Context& ctx) {
    std::optional<Error> why;
    Site site(ctx, BeastEcho(why));
    { WsClient client(ctx, site); }
    while (!why) (void)Sleep(ctx, 1s);
  });
}

// A protocol of the handler's own, whose messages are those of HTTP.
TEST(BeastOnServer, MessagesOfBeastGoOverAHijackedStream) {
  Virtually([](const Context& ctx) {
    Site site(ctx, AfterSwitch([](Stream& stream, ResponseWriter&, Request& r) -> Error {
                BeastStream peer(std::move(stream), r.Ctx());
                beast::flat_buffer buffer;
                for (;;) {
                  http::request<http::string_body> request;
                  beast::error_code ec;
                  http::read(peer, buffer, request, ec);
                  if (ec == http::error::end_of_stream) return {};
                  if (ec) return ec;
                  http::response<http::string_body> response{http::status::ok, 11};
                  response.body() = request.body() + request.body();
                  response.prepare_payload();
                  http::write(peer, response, ec);
                  if (ec) return ec;
                }
              }));
    Client client = Upgraded(site);
    for (const std::size_t size : {1, 5000, 200'000}) {
      EXPECT_EQ(client.Post("/double", Pattern(size)).body, Pattern(size) + Pattern(size)) << size;
    }
    EXPECT_EQ(site.Count("failed"), 0);
  });
}

TEST(ServerHttp2Beast, AFunctionOfBeastServesHttp2) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    unsigned version = 0;
    std::string host;
    Site site(ctx, FromBeast([&](http::request<http::string_body>&& request) -> http::message_generator {
                version = request.version();
                host = std::string(request[http::field::host]);
                http::response<http::string_body> response{http::status::created, request.version()};
                response.set("X-Target", request.target());
                response.keep_alive(false);
                response.chunked(true);
                response.body() = request.body() + "!";
                return response;
              }), Http2Options());
    Result<TestClient> raw = TestClient::DialHttp2(ctx, site.server().Bound());
    ASSERT_TRUE(raw.Ok()) << raw.Err().Message();
    Client client(ctx, *std::move(raw));
    for (const std::size_t size : {0, 5, 100'000}) {
      const TestResponse response = client.Post("/a?b", Pattern(size));
      EXPECT_EQ(response.status, 201);
      EXPECT_EQ(response.Header("X-Target"), "/a?b");
      EXPECT_EQ(response.body, Pattern(size) + "!");
      EXPECT_FALSE(response.Has("Connection"));
    }
    EXPECT_EQ(version, 11u);
    EXPECT_FALSE(host.empty());
  });
}

}  // namespace
}  // namespace weft
