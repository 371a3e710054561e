// SPDX-License-Identifier: Apache-2.0
//
// How a Converse ends: by what kind of Error, whose Error, and what the client is told.
#include <optional>
#include <string>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

std::string Same(std::string text) { return text; }

TEST(WebSocketConverse, AnErrorOfOnMessageIsItsEndWhateverKindItIs) {
  for (const Error& kind : {kClosed, kServerClosing, kClientGone, kTimeout, kCanceled}) {
    Virtually([&](const Context& ctx) {
      std::optional<Error> outcome;
      Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
        Result<WebSocket> socket = AcceptWebSocket(w, r);
        if (Error err = socket.Err()) return err;
        outcome = socket->Converse(r.Ctx(), Chan<std::string>(1), Same, [&](const WebSocketMessage&) { return kind.Wrap("of a backend"); });
        return {};
      });
      WsClient client(ctx, site);
      client.Send(Text("go"));
      EXPECT_EQ(client.CloseCode(), 1011) << kind.Message();
      client.Send(CloseWith(1011));
      EXPECT_TRUE(client.Ended());
      ASSERT_TRUE(outcome.has_value());
      EXPECT_TRUE(outcome->Is(kind)) << outcome->Message();
      EXPECT_EQ(outcome->Message().substr(0, 12), "of a backend");
    });
  }
}

TEST(WebSocketConverse, ACauseOfKClosedIsNoGoodbyeOfTheClient) {
  Virtually([](const Context& ctx) {
    std::optional<Error> outcome;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      const CancelScope scope = WithCancel(r.Ctx());
      Group group(r.Ctx());
      group.Go([&](const Context& member) {
        (void)Sleep(member, 1s);
        scope.cancel(kClosed.Wrap("the job"));
      });
      outcome = socket->Converse(scope.ctx, Chan<std::string>(1), Same, [](const WebSocketMessage&) {});
      return group.Wait();
    });
    WsClient client(ctx, site);
    EXPECT_EQ(client.CloseCode(), 1011);
    client.Send(CloseWith(1011));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(outcome.has_value());
    EXPECT_TRUE(outcome->Is(kClosed)) << outcome->Message();
  });
}

TEST(WebSocketConverse, EndOfTheOutboxCountsWhileTheClientSendsWithoutAPause) {
  Virtually([](const Context& ctx) {
    std::optional<Error> outcome;
    WebSocketOutbox outbox;
    int received = 0;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      outbox = socket->GetOutbox();
      outcome = socket->Converse(r.Ctx(), Chan<std::string>(1), Same, [&](const WebSocketMessage&) {
        if (++received == 3) outbox.End();
        return Error();
      });
      return *outcome;
    });
    WsClient client(ctx, site);
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += Text("a message");  // more than is read before the handler sees the first one
    client.Send(many);
    EXPECT_EQ(client.CloseCode(), 1000);
    EXPECT_LT(received, 1000);
    client.Send(CloseWith(1000));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(outcome.has_value());
    EXPECT_FALSE(*outcome) << outcome->Message();
  });
}

TEST(WebSocketConverse, ClosingTheOutboxSaysGoodbye) {
  Virtually([](const Context& ctx) {
    std::optional<Error> outcome;
    WebSocketOutbox outbox;
    Event accepted;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      outbox = socket->GetOutbox();
      accepted.Set();
      outcome = socket->Converse(r.Ctx(), Chan<std::string>(1), Same, [](const WebSocketMessage&) {});
      return *outcome;
    });
    WsClient client(ctx, site);
    ASSERT_FALSE(accepted.Wait(ctx));
    EXPECT_TRUE(outbox.TrySend("you have to leave"));
    outbox.End();
    EXPECT_EQ(client.Message(), "you have to leave");
    EXPECT_EQ(client.CloseCode(), 1000);
    client.Send(CloseWith(1000));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(outcome.has_value());
    EXPECT_FALSE(*outcome) << outcome->Message();
  });
}

// It gets what is in its buffer first.
TEST(WebSocketConverse, AClientThatLagsIsInformed) {
  Virtually([](const Context& ctx) {
    const Broadcast<std::string> room;
    Event subscribed, go;
    std::optional<Error> outcome;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      const Subscription<std::string> said = room.Subscribe({.capacity = 2, .when_full = WhenFull::kDisconnect});
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      subscribed.Set();
      if (Error err = go.Wait(r.Ctx())) return err;
      outcome = socket->Converse(r.Ctx(), said, Same, [](const WebSocketMessage&) {});
      return *outcome;
    });
    WsClient client(ctx, site);
    ASSERT_FALSE(subscribed.Wait(ctx));
    for (const char* text : {"1", "2", "3"}) room.Publish(text);
    go.Set();
    EXPECT_EQ(client.Message(), "1");
    EXPECT_EQ(client.Message(), "2");
    const FrameParts close = client.Next();
    EXPECT_EQ(close.opcode, kCloseFrame);
    EXPECT_EQ(close.payload, ClosePayload(1013, "lagged"));
    client.Send(CloseWith(1013));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(outcome.has_value());
    EXPECT_FALSE(*outcome) << outcome->Message();
  });
}

TEST(WebSocketConverse, AClosedBroadcastIsNoLag) {
  Virtually([](const Context& ctx) {
    const Broadcast<std::string> room;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      const Subscription<std::string> said = room.Subscribe({.capacity = 2, .when_full = WhenFull::kDisconnect});
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      return socket->Converse(r.Ctx(), said, Same, [](const WebSocketMessage&) {});
    });
    WsClient client(ctx, site);
    (void)Sleep(ctx, 1ms);
    room.Publish("last");
    room.Close();
    EXPECT_EQ(client.Message(), "last");
    EXPECT_EQ(client.CloseCode(), 1000);
    client.Send(CloseWith(1000));
    EXPECT_TRUE(client.Ended());
  });
}

}  // namespace
}  // namespace weft
