// SPDX-License-Identifier: Apache-2.0
//
// The examples of live connections as their users run them: over TCP, ended by a signal while clients are connected. In browsers: scripts/suites browser.
#include <csignal>
#include <functional>
#include <string>

#include <weft/concurrency/run.h>
#include <weft/handlers/live/dial_websocket.h>

#include "kit.h"
#include "process.h"

namespace weft {
namespace {

struct LiveExample {
  explicit LiveExample(const std::string& name) : process(std::string(WEFT_EXAMPLES_DIR) + "/" + name, {"--address", "127.0.0.1:0"}) {
    const std::string line = process.Line();
    EXPECT_TRUE(line.starts_with("listening on ")) << line;
    bound = line.substr(std::string("listening on ").size());
  }
  Process process;
  std::string bound;
};

void InFiber(const std::function<void(const Context&)>& body) {
  const Error err = Run(Background(), [&](const Context& ctx) -> Error {
    body(ctx);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(ChatExample, IsARoomThatClosesWith1001) {
  LiveExample example("chat");
  EXPECT_NE(Fetch(example.bound, "/").body.find("new WebSocket"), std::string::npos);
  InFiber([&](const Context& ctx) {
    HttpClient client;
    const std::string url = "ws" + example.bound.substr(4) + "/room";
    Result<WebSocket> a = DialWebSocket(ctx, client, url), b = DialWebSocket(ctx, client, url);
    ASSERT_TRUE(a.Ok() && b.Ok());
    ASSERT_FALSE(a->Send(ctx, "hello"));
    for (WebSocket* socket : {&*a, &*b}) EXPECT_EQ(socket->Receive(ctx)->data, "hello");
    example.process.Signal(SIGTERM);
    for (WebSocket* socket : {&*a, &*b}) {
      EXPECT_TRUE(socket->Receive(ctx).Err().Is(kClosed));
      EXPECT_EQ(socket->CloseStatus().code, 1001);
    }
  });
  EXPECT_EQ(example.process.Wait(), 0);
}

TEST(EventsExample, TicksUntilTheDrain) {
  LiveExample example("events");
  Result<TestClient> client = TestClient::Dial(Background(), example.bound);
  ASSERT_TRUE(client.Ok());
  ASSERT_FALSE(client->Send(Background(), "GET /ticks HTTP/1.1\r\nHost: h\r\n\r\n"));
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(client->ReadUntil(Background(), "event: tick\ndata: tick\n\n").Ok());
  example.process.Signal(SIGTERM);
  const Result<std::string> rest = client->ReadToEnd(Background());
  ASSERT_TRUE(rest.Ok());
  EXPECT_TRUE(rest->ends_with("0\r\n\r\n")) << *rest;
  EXPECT_EQ(example.process.Wait(), 0);
}

TEST(BeastServiceExample, RespondsAsItDidBefore) {
  LiveExample example("beast_service");
  const TestResponse orders = Fetch(example.bound, "/orders");
  EXPECT_EQ(orders.status, 200);
  EXPECT_EQ(orders.body, "no orders\n");
  EXPECT_EQ(orders.Header("Server"), "orders/1.0");
  EXPECT_EQ(Fetch(example.bound, "/else").status, 404);
  EXPECT_EQ(Fetch(example.bound, "/new").body, "a handler of weft next to it\n");
  example.process.Signal(SIGTERM);
  EXPECT_EQ(example.process.Wait(), 0);
}

}  // namespace
}  // namespace weft
