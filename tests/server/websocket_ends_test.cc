// SPDX-License-Identifier: Apache-2.0
//
// What is left of a WebSocket once it ends: in a drain, during a Close, and after an error.
#include <optional>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// One that goes on in a drain, as it may. `late`: it looks only when the drain_timeout has expired.
Handler GoesOn(std::vector<Error>& received, bool late) {
  return [&received, late](ResponseWriter& w, Request& r) -> Error {
    Result<WebSocket> socket = AcceptWebSocket(w, r);
    if (Error err = socket.Err()) return err;
    if (late) {
      EXPECT_TRUE(Sleep(r.Ctx(), 1h).Is(kServerClosing));
    }
    while (received.size() < 10) {
      received.push_back(socket->Receive(r.Ctx()).Err());
      if (!received.back().Is(kServerClosing)) break;
    }
    EXPECT_FALSE(socket->Send(r.Ctx(), "not sent").Is(kClosed));
    return {};
  };
}

TEST(WebSocketEnds, ReportsADrainOnceAlsoAfterItsTimeout) {
  for (const bool late : {false, true}) {
    Virtually([&](const Context& ctx) {
      std::vector<Error> received;
      Site site(ctx, GoesOn(received, late));
      WsClient client(ctx, site);
      const TimePoint begin = Now();
      site.server().BeginDrain();
      EXPECT_EQ(client.CloseCode(), 1001);
      EXPECT_EQ(Now() - begin, ServerOptions().drain_timeout);
      EXPECT_TRUE(client.Ended());
      ASSERT_EQ(received.size(), 2u);
      EXPECT_TRUE(received[0].Is(kServerClosing)) << received[0].Message();
      EXPECT_TRUE(received[1].Is(kClosed)) << received[1].Message();
      EXPECT_FALSE(received[1].Is(kServerClosing));
      EXPECT_FALSE(site.server().Join());
    });
  }
}

// No context says anything, the stream itself ends.
TEST(WebSocketEnds, AForcedCloseIsNoSecondDrain) {
  Virtually([](const Context& ctx) {
    std::vector<Error> received;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      const Context own = WithoutCancel(r.Ctx());
      while (received.size() < 10) {
        received.push_back(socket->Receive(own).Err());
        if (!received.back().Is(kServerClosing)) break;
      }
      return {};
    });
    WsClient client(ctx, site);
    const TimePoint begin = Now();
    site.server().BeginDrain();
    client.ToEnd();
    EXPECT_EQ(Now() - begin, ServerOptions().drain_timeout + ServerOptions().cancel_grace);
    static_cast<void>(site.server().Join());
    ASSERT_EQ(received.size(), 2u);
    EXPECT_TRUE(received[0].Is(kServerClosing)) << received[0].Message();
    EXPECT_TRUE(received[1].Is(kClosed)) << received[1].Message();
    EXPECT_FALSE(received[1].Is(kServerClosing));
  });
}

// A context that never ends is as good as any other.
TEST(WebSocketEnds, AReceiveUnderNoContextHearsOfADrainOnce) {
  for (const bool after_another : {false, true}) {
    Virtually([&](const Context& ctx) {
      std::vector<Error> received;
      Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
        Result<WebSocket> socket = AcceptWebSocket(w, r);
        if (Error err = socket.Err()) return err;
        if (after_another) {
          EXPECT_FALSE(socket->Receive(r.Ctx()).Err());
        }
        while (received.size() < 10) {
          received.push_back(socket->Receive(Background()).Err());
          if (!received.back().Is(kServerClosing)) break;
        }
        return {};
      });
      WsClient client(ctx, site);
      if (after_another) client.Send(Text("go"));
      EXPECT_FALSE(Sleep(ctx, 1s));  // it waits
      site.server().BeginDrain();
      client.ToEnd();
      static_cast<void>(site.server().Join());
      ASSERT_EQ(received.size(), 2u);
      EXPECT_TRUE(received[0].Is(kServerClosing)) << received[0].Message();
      EXPECT_TRUE(received[1].Is(kClosed)) << received[1].Message();
    });
  }
}

// Who receives has to wait without the drain from then on: under its context it would not wait at all.
TEST(WebSocketEnds, ADrainDuringACloseHoldsNoLoop) {
  Virtually([](const Context& ctx) {
    std::optional<Error> received, closed;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      Group group(r.Ctx());
      group.Go([&](const Context& member) { received = socket->Receive(member).Err(); });
      EXPECT_FALSE(Sleep(r.Ctx(), 1s));  // it waits
      closed = socket->Close(1000);
      return group.Wait();
    });
    WsClient client(ctx, site);
    EXPECT_EQ(client.CloseCode(), 1000);
    site.server().BeginDrain();
    EXPECT_FALSE(Sleep(ctx, 1s));
    client.Send(CloseWith(1000));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(closed && received);
    EXPECT_FALSE(*closed) << closed->Message();
    EXPECT_TRUE(received->Is(kClosed)) << received->Message();
  });
}

TEST(WebSocketEnds, CloseWaitsForTheClientWhateverTheOutboxSays) {
  Virtually([](const Context& ctx) {
    std::optional<Error> closed;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      socket->GetOutbox().End(kRefused);
      closed = socket->Close(1000);
      EXPECT_TRUE(socket->Receive(r.Ctx()).Err().Is(kClosed));
      return {};
    });
    WsClient client(ctx, site);
    EXPECT_EQ(client.CloseCode(), 1000);
    (void)Sleep(ctx, 2s);
    client.Send(CloseWith(1000));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(closed.has_value());
    EXPECT_FALSE(*closed) << closed->Message();
  });
}

TEST(WebSocketEnds, NothingIsQueuedAfterTheCloseFrame) {
  Virtually([](const Context& ctx) {
    WebSocketOutbox outbox;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      outbox = socket->GetOutbox();
      EXPECT_TRUE(outbox.TrySend("before it"));
      return socket->Close(1000);
    });
    WsClient client(ctx, site);
    EXPECT_EQ(client.Message(), "before it");
    EXPECT_EQ(client.CloseCode(), 1000);
    EXPECT_FALSE(outbox.Open());
    EXPECT_FALSE(outbox.TrySend("nobody sends this"));
    outbox.End(kRefused);
    client.Send(CloseWith(1000));
    EXPECT_TRUE(client.Ended());
  });
}

// --- what Send and Close return then: the table of docs/live.md

struct Left {
  std::optional<Error> receive, send, close;
};

Handler ReceivesThenSendsAndCloses(Left& left) {
  return [&left](ResponseWriter& w, Request& r) -> Error {
    Result<WebSocket> socket = AcceptWebSocket(w, r, {.message_bytes_max = 100});
    if (Error err = socket.Err()) return err;
    left.receive = socket->Receive(r.Ctx()).Err();
    left.send = socket->Send(WithoutCancel(r.Ctx()), "and this?");
    left.close = socket->Close(1001);
    return {};
  };
}

TEST(WebSocketEnds, SendAndCloseWorkInADrain) {
  Virtually([](const Context& ctx) {
    Left left;
    Site site(ctx, ReceivesThenSendsAndCloses(left));
    WsClient client(ctx, site);
    site.server().BeginDrain();
    EXPECT_EQ(client.Message(), "and this?");
    EXPECT_EQ(client.CloseCode(), 1001);
    client.Send(CloseWith(1001));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(left.close.has_value());
    EXPECT_TRUE(left.receive->Is(kServerClosing)) << left.receive->Message();
    EXPECT_FALSE(*left.send) << left.send->Message();
    EXPECT_FALSE(*left.close) << left.close->Message();
  });
}

TEST(WebSocketEnds, SendAndCloseSayWhyNot) {
  const struct {
    const char* what;
    std::string bytes;
    Error receive, send, close;  // the last one empty: none
  } cases[] = {
      {"a close frame", CloseWith(1000), kClosed, kClosed, {}},
      {"a bad frame", FrameOf({.opcode = 3}), kMalformed, kClosed, kMalformed},
      {"text that is cut", FrameOf({.payload = "\xe2", .fin = false}) + FrameOf({.opcode = kContinuation}), kMalformed, kClosed, kMalformed},
      {"too much", Text(std::string(101, 'x')), kTooLarge, kClosed, kTooLarge},
      {"nothing, and no pong", "", kTimeout, kTimeout, kTimeout},
  };
  for (const auto& one : cases) {
    Virtually([&](const Context& ctx) {
      Left left;
      Site site(ctx, ReceivesThenSendsAndCloses(left));
      WsClient client(ctx, site);
      client.Send(one.bytes);
      client.ToEnd();
      ASSERT_TRUE(left.close.has_value()) << one.what;
      EXPECT_TRUE(left.receive->Is(one.receive)) << one.what << ": " << left.receive->Message();
      EXPECT_TRUE(left.send->Is(one.send)) << one.what << ": " << left.send->Message();
      EXPECT_EQ(static_cast<bool>(*left.close), static_cast<bool>(one.close)) << one.what;
      if (one.close) {
        EXPECT_TRUE(left.close->Is(one.close)) << one.what << ": " << left.close->Message();
      }
    });
  }
}

TEST(WebSocketEnds, SendAndCloseSayThatTheClientIsGone) {
  Virtually([](const Context& ctx) {
    Left left;
    Site site(ctx, ReceivesThenSendsAndCloses(left));
    { WsClient client(ctx, site); }
    while (!left.close) (void)Sleep(ctx, 1s);
    for (const std::optional<Error>* one : {&left.receive, &left.send, &left.close}) EXPECT_TRUE((*one)->Is(kClientGone)) << (*one)->Message();
  });
}

}  // namespace
}  // namespace weft
