// SPDX-License-Identifier: Apache-2.0
//
// WebSockets whose fibers meet: one receives, one sends, one closes, and a client that is silent meanwhile.
#include <optional>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/unlimited.h>

#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

TEST(WebSocketWaits, ReceiveDuringACloseOfAnotherFiberSaysClosed) {
  for (const bool polite : {true, false}) {
    Virtually([&](const Context& ctx) {
      std::optional<Error> received, closed;
      Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
        Result<WebSocket> socket = AcceptWebSocket(w, r);
        if (Error err = socket.Err()) return err;
        Group group(r.Ctx());
        group.Go([&](const Context&) { closed = socket->Close(1000); });
        (void)Sleep(r.Ctx(), 1s);  // a message is worked on
        const CancelScope soon = WithTimeout(r.Ctx(), 100ms);
        EXPECT_TRUE(socket->Receive(soon.ctx).Err().Is(kDeadlineExceeded));
        received = socket->Receive(r.Ctx()).Err();
        return group.Wait();
      });
      const TimePoint begin = Now();
      WsClient client(ctx, site);
      EXPECT_EQ(client.CloseCode(), 1000);
      (void)Sleep(ctx, 2s);
      if (polite) client.Send(CloseWith(1000));
      EXPECT_TRUE(client.Ended());
      EXPECT_EQ(Now() - begin, polite ? 2s : 5s);
      ASSERT_TRUE(received && closed);
      EXPECT_TRUE(received->Is(kClosed)) << received->Message();
      EXPECT_EQ(closed->Is(kTimeout), !polite) << closed->Message();
    });
  }
}

// The fiber that receives leaves while another one waits in Close for the client's close frame.
TEST(WebSocketWaits, CloseReadsItselfOnceTheReceivingFiberHasLeft) {
  for (const bool again : {false, true}) {
    Virtually([&](const Context& ctx) {
      std::optional<Error> closed;
      WebSocketClose status;
      Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
        Result<WebSocket> socket = AcceptWebSocket(w, r);
        if (Error err = socket.Err()) return err;
        Group group(r.Ctx());
        group.Go([&](const Context& member) {
          (void)Sleep(member, 100ms);
          closed = socket->Close(1000);
        });
        const CancelScope soon = WithTimeout(r.Ctx(), 1s);
        EXPECT_TRUE(socket->Receive(soon.ctx).Err().Is(kDeadlineExceeded));
        if (again) {  // one that comes back at once, and leaves once more
          const CancelScope later = WithTimeout(r.Ctx(), 500ms);
          EXPECT_TRUE(socket->Receive(later.ctx).Err().Is(kDeadlineExceeded));
        }
        Error err = group.Wait();
        status = socket->CloseStatus();
        return err;
      });
      const TimePoint begin = Now();
      WsClient client(ctx, site);
      EXPECT_EQ(client.CloseCode(), 1000);
      (void)Sleep(ctx, 2s);
      client.Send(CloseWith(1000, "bye"));
      EXPECT_TRUE(client.Ended());
      EXPECT_EQ(Now() - begin, 2100ms);
      ASSERT_TRUE(closed.has_value());
      EXPECT_FALSE(*closed) << closed->Message();
      EXPECT_EQ(status.code, 1000);
      EXPECT_EQ(status.reason, "bye");
    });
  }
}

// One sends what the client does not take yet, one waits in Close for its turn, and the one that receives has something of the outbox to send.
TEST(WebSocketWaits, OnlyOneReadsWhenReceiveCloseAndSendMeet) {
  Virtually([](const Context& ctx) {
    const std::string large(20'000'000, 'x');
    std::optional<Error> received, closed;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      Group group(r.Ctx());
      group.Go([&](const Context& member) { return socket->Send(member, large); });
      group.Go([&](const Context& member) {
        (void)Sleep(member, 100ms);
        closed = socket->Close(1000);
      });
      (void)Sleep(r.Ctx(), 200ms);
      EXPECT_TRUE(socket->GetOutbox().TrySend("queued"));
      received = socket->Receive(r.Ctx()).Err();
      return group.Wait();
    });
    WsClient client(ctx, site);
    (void)Sleep(ctx, 1s);
    EXPECT_EQ(client.Message().size(), large.size());
    EXPECT_EQ(client.Message(), "queued");
    EXPECT_EQ(client.CloseCode(), 1000);
    client.Send(CloseWith(1000));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(received && closed);
    EXPECT_TRUE(received->Is(kClosed)) << received->Message();
    EXPECT_FALSE(*closed) << closed->Message();
  });
}

// Each waits for the other otherwise: the client sends before it reads, and the server's Send waits for a client that reads.
TEST(WebSocketWaits, ReceiveContinuesWhileASendWaits) {
  Virtually([](const Context& ctx) {
    const std::string large(20'000'000, 'x');
    Event received;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      Group group(r.Ctx());
      group.Go([&](const Context& member) { return socket->Send(member, large); });
      (void)Sleep(r.Ctx(), 100ms);
      EXPECT_TRUE(socket->GetOutbox().TrySend("queued"));
      const Result<WebSocketMessage> message = socket->Receive(r.Ctx());
      EXPECT_FALSE(message.Err()) << message.Err().Message();
      socket->GetOutbox().End(kRefused);
      received.Set();
      EXPECT_TRUE(socket->Receive(r.Ctx()).Err().Is(kRefused));
      return group.Wait();
    });
    const TimePoint begin = Now();
    WsClient client(ctx, site);
    (void)Sleep(ctx, 1s);
    client.Send(Text("first"));
    (void)received.Wait(ctx);
    EXPECT_EQ(Now() - begin, 1s);
    EXPECT_EQ(client.Message().size(), large.size());
    EXPECT_EQ(client.Message(), "queued");
    EXPECT_EQ(client.CloseCode(), 1000);
  });
}

// A ping that is due after the close frame is not sent, and does not keep the loop from anything else meanwhile.
TEST(WebSocketWaits, CloseWaitsForASilentClientWithoutAPing) {
  for (const bool received : {false, true}) {
    Virtually([&](const Context& ctx) {
      std::optional<Error> closed;
      Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
        Result<WebSocket> socket = AcceptWebSocket(w, r, {.ping_after = 10s});
        if (Error err = socket.Err()) return err;
        const CancelScope soon = WithTimeout(r.Ctx(), 8s);
        if (received) {
          EXPECT_TRUE(socket->Receive(soon.ctx).Err().Is(kDeadlineExceeded));
        } else {
          (void)soon.ctx.Wait();
        }
        closed = socket->Close(1000);
        return {};
      });
      const TimePoint begin = Now();
      WsClient client(ctx, site);
      EXPECT_EQ(client.CloseCode(), 1000);
      EXPECT_EQ(Now() - begin, 8s);
      EXPECT_TRUE(client.Ended());
      EXPECT_EQ(Now() - begin, 13s);
      ASSERT_TRUE(closed);
      EXPECT_TRUE(closed->Is(kTimeout)) << closed->Message();
    });
  }
}

TEST(WebSocketWaits, SendDeliversWhatIsQueued) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r, {.outbox_messages_max = 2});
      if (Error err = socket.Err()) return err;
      for (int i = 0; i < 10; ++i) {
        EXPECT_TRUE(socket->GetOutbox().TrySend("queued"));
        if (Error err = socket->Send(r.Ctx(), "tick")) return err;
      }
      return {};
    });
    WsClient client(ctx, site);
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(client.Message(), "tick");
      EXPECT_EQ(client.Message(), "queued");
    }
  });
}

TEST(WebSocketWaits, ASecondCloseWaitsForTheFirst) {
  Virtually([](const Context& ctx) {
    std::optional<Error> second;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      Group group(r.Ctx());
      group.Go([&](const Context&) { EXPECT_TRUE(socket->Close(1000).Is(kTimeout)); });
      (void)Sleep(r.Ctx(), 1s);
      second = socket->Close(1000);
      return group.Wait();
    });
    WsClient client(ctx, site);
    client.ToEnd();
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(second->Is(kTimeout)) << second->Message();
  });
}

// Receives under short contexts, as a handler with a timer of its own does.
Handler InSteps(Duration step, Error& outcome) {
  return [=, &outcome](ResponseWriter& w, Request& r) -> Error {
    Result<WebSocket> socket = AcceptWebSocket(w, r, {.ping_after = 10s});
    if (Error err = socket.Err()) return err;
    outcome = kDeadlineExceeded;
    while (outcome.Is(kDeadlineExceeded)) {
      const CancelScope soon = WithTimeout(r.Ctx(), step);
      outcome = socket->Receive(soon.ctx).Err();
    }
    return outcome;
  };
}

TEST(WebSocketWaits, ASilentClientIsFoundOutWhereReceiveHasShortContexts) {
  Virtually([](const Context& ctx) {
    Error outcome;
    Site site(ctx, InSteps(2s, outcome));
    const TimePoint begin = Now();
    WsClient client(ctx, site);
    EXPECT_EQ(client.Next().opcode, kPing);
    client.ToEnd();
    EXPECT_EQ(Now() - begin, 15s);
    EXPECT_TRUE(outcome.Is(kTimeout)) << outcome.Message();
  });
}

TEST(WebSocketWaits, ASilentClientIsFoundOutWhereOthersSendToIt) {
  Virtually([](const Context& ctx) {
    std::optional<WebSocketOutbox> outbox;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r, {.ping_after = 10s});
      if (Error err = socket.Err()) return err;
      outbox = socket->GetOutbox();
      return socket->Receive(r.Ctx()).Err();
    });
    const TimePoint begin = Now();
    WsClient client(ctx, site);
    (void)Sleep(ctx, 1ms);
    int sent = 0;
    for (; outbox->TrySend("tick") && sent < 100; ++sent) (void)Sleep(ctx, 2s);
    EXPECT_LE(Now() - begin, 17s);
    EXPECT_EQ(sent, 8);
  });
}

// The pong is here, but nobody is in Receive to see it.
TEST(WebSocketWaits, TheTimeOutsideOfReceiveIsNoSilence) {
  Virtually([](const Context& ctx) {
    std::optional<Result<WebSocketMessage>> received;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r, {.ping_after = 10s});
      if (Error err = socket.Err()) return err;
      const CancelScope soon = WithTimeout(r.Ctx(), 11s);
      EXPECT_TRUE(socket->Receive(soon.ctx).Err().Is(kDeadlineExceeded));
      (void)Sleep(r.Ctx(), 1min);
      received = socket->Receive(r.Ctx());
      return received->Err();
    });
    WsClient client(ctx, site);
    EXPECT_EQ(client.Next().opcode, kPing);
    (void)Sleep(ctx, 2s);
    client.Send(FrameOf({.opcode = kPong}));
    (void)Sleep(ctx, 1min);
    client.Send(Text("still here"));
    EXPECT_EQ(client.CloseCode(), 1000);
    ASSERT_TRUE(received.has_value());
    ASSERT_TRUE(received->Ok()) << received->Err().Message();
    EXPECT_EQ((*received)->data, "still here");
  });
}

// The group ends the one who receives with the kTimeout of the one who sends.
TEST(WebSocketWaits, AStalledSendIsReportedAsNothingElse) {
  Virtually([](const Context& ctx) {
    std::optional<Error> received, outcome;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r, {.ping_after = kUnlimited});  // a ping would wait for its turn
      if (Error err = socket.Err()) return err;
      Group group(r.Ctx());
      group.Go([&](const Context& member) -> Error {
        const std::string large(100'000, 'x');
        for (;;) {
          if (Error err = socket->Send(member, large)) return err;
        }
      });
      group.Go([&](const Context& member) { return *(received = socket->Receive(member).Err()); });
      outcome = group.Wait();
      return *outcome;
    });
    WsClient client(ctx, site);
    while (!outcome) (void)Sleep(ctx, 1s);
    EXPECT_TRUE(outcome->Is(kTimeout)) << outcome->Message();
    EXPECT_TRUE(received->Is(kTimeout)) << received->Message();
    EXPECT_EQ(site.Count("timeout"), 1);
    EXPECT_EQ(site.Count("timeout body"), 0);
  });
}

}  // namespace
}  // namespace weft
