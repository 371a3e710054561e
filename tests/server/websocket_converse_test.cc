// SPDX-License-Identifier: Apache-2.0
//
// Both directions of a WebSocket in one fiber: Converse.
#include <optional>
#include <string>
#include <vector>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

struct Said {
  std::string text;
};

Handler Room(Broadcast<Said>& room, Error* outcome = nullptr) {
  return [&room, outcome](ResponseWriter& w, Request& r) -> Error {
    const Subscription<Said> mine = room.Subscribe({.when_full = WhenFull::kDisconnect});
    Result<WebSocket> socket = AcceptWebSocket(w, r);
    if (Error err = socket.Err()) return err;
    const Error err = socket->Converse(
        r.Ctx(), mine.Channel(), [](const Said& said) { return said.text; },
        [&](const WebSocketMessage& message) -> Error {
          if (message.data == "fail") return Error::New("as was asked for");
          room.Publish({message.data});
          return {};
        });
    if (outcome != nullptr) *outcome = err;
    return err;
  };
}

TEST(WebSocketConverse, IsAChat) {
  Virtually([](const Context& ctx) {
    Broadcast<Said> room;
    Error outcome = Error::New("none");
    Site site(ctx, Room(room, &outcome));
    WsClient a(ctx, site), b(ctx, site);
    (void)Sleep(ctx, 1ms);
    a.Send(Text("hello"));
    EXPECT_EQ(a.Message(), "hello");
    EXPECT_EQ(b.Message(), "hello");
    b.Send(CloseWith(1000));
    EXPECT_EQ(b.CloseCode(), 1000);
    EXPECT_TRUE(b.Ended());
    EXPECT_FALSE(outcome) << outcome.Message();
    EXPECT_EQ(room.Subscribers(), 1u);
  });
}

TEST(WebSocketConverse, EndsWithTheChannelTheDrainOrAnError) {
  Virtually([](const Context& ctx) {
    Broadcast<Said> room;
    Error outcome;
    Site site(ctx, Room(room, &outcome));
    WsClient failing(ctx, site);
    failing.Send(Text("fail"));
    EXPECT_EQ(failing.CloseCode(), 1011);
    failing.Send(CloseWith(1011));
    EXPECT_TRUE(failing.Ended());
    EXPECT_EQ(outcome.Message(), "as was asked for");

    WsClient last(ctx, site);
    (void)Sleep(ctx, 1ms);
    room.Publish({"closing"});
    room.Close();
    EXPECT_EQ(last.Message(), "closing");
    EXPECT_EQ(last.CloseCode(), 1000);
    last.Send(CloseWith(1000));
    EXPECT_TRUE(last.Ended());
    EXPECT_FALSE(outcome) << outcome.Message();
  });
  Virtually([](const Context& ctx) {
    Broadcast<Said> room;
    Error outcome = Error::New("none");
    Site site(ctx, Room(room, &outcome));
    WsClient client(ctx, site);
    (void)Sleep(ctx, 1ms);
    site.server().BeginDrain();
    EXPECT_EQ(client.CloseCode(), 1001);
    client.Send(CloseWith(1001));
    EXPECT_TRUE(client.Ended());
    EXPECT_FALSE(outcome) << outcome.Message();
    EXPECT_FALSE(site.server().Join());
  });
}

// Sends what comes on `out`, and keeps what the client says.
Handler Talk(const Chan<std::string>& out, std::vector<std::string>& said, Error& outcome) {
  return [out, &said, &outcome](ResponseWriter& w, Request& r) -> Error {
    Result<WebSocket> socket = AcceptWebSocket(w, r);
    if (Error err = socket.Err()) return err;
    return outcome = socket->Converse(
               r.Ctx(), out, [](std::string text) { return text; },
               [&](const WebSocketMessage& message) { said.push_back(message.data); });
  };
}

std::size_t Fibers() { return ListFibers().size(); }

TEST(WebSocketConverse, NeedsOnlyTheFiberOfItsRequest) {
  Virtually([](const Context& ctx) {
    const Chan<std::string> out(1);
    std::vector<std::string> said;
    Error outcome;
    Site site(ctx, Talk(out, said, outcome));
    const std::size_t before = Fibers();
    std::vector<WsClient> clients;
    for (int i = 0; i < 10; ++i) clients.emplace_back(ctx, site);
    (void)Sleep(ctx, 1s);
    EXPECT_EQ(Fibers() - before, OverHttp2() ? 20u : 10u);  // each connection of HTTP/2 has a line of its own
  });
}

// A value ends the wait for bytes wherever that is: in a head, in a message, between its fragments, within a ping.
TEST(WebSocketConverse, NothingDependsOnWhereAValueComesInBetween) {
  const std::string bytes = Text("one") + FrameOf({.opcode = kPing, .payload = "p"}) + FrameOf({.opcode = kText, .payload = "tw", .fin = false}) +
                            FrameOf({.opcode = kContinuation, .payload = "o"}) + FrameOf({.opcode = kBinary, .payload = Pattern(200)});
  for (const std::size_t capacity : {0u, 3u}) {
    Virtually([&](const Context& ctx) {
      const Chan<std::string> out(capacity);
      std::vector<std::string> said;
      Error outcome;
      Site site(ctx, Talk(out, said, outcome));
      for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        said.clear();
        WsClient client(ctx, site);
        client.Send(std::string_view(bytes).substr(0, cut));
        (void)Sleep(ctx, 1ms);
        EXPECT_FALSE(out.Send(ctx, "value")) << cut;
        (void)Sleep(ctx, 1ms);
        client.Send(bytes.substr(cut) + CloseWith(1000));
        std::vector<std::string> got;
        for (FrameParts frame = client.Next(); frame.opcode != kCloseFrame && frame.opcode != 0xff; frame = client.Next()) got.push_back(frame.payload);
        EXPECT_THAT(got, ::testing::UnorderedElementsAre("value", "p")) << cut;
        EXPECT_THAT(said, ::testing::ElementsAre("one", "two", Pattern(200))) << cut;
        EXPECT_TRUE(client.Ended());
        EXPECT_FALSE(outcome) << outcome.Message();
      }
    });
  }
}

TEST(WebSocketConverse, KeepsTheOrderOfManyValues) {
  Virtually([](const Context& ctx) {
    const Chan<std::string> out(1000);
    std::vector<std::string> said;
    Error outcome;
    Site site(ctx, Talk(out, said, outcome));
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(out.TrySend(std::to_string(i)));
    WsClient client(ctx, site);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(client.Message(), std::to_string(i));
    for (int i = 500; i < 1000; ++i) {
      EXPECT_TRUE(out.TrySend(std::to_string(i)));
      if (i % 7 == 0) (void)Sleep(ctx, 1ms);
    }
    out.Close();
    for (int i = 500; i < 1000; ++i) EXPECT_EQ(client.Message(), std::to_string(i));
    EXPECT_EQ(client.CloseCode(), 1000);
    client.Send(CloseWith(1000));
    EXPECT_TRUE(client.Ended());
    EXPECT_FALSE(outcome) << outcome.Message();
  });
}

// A channel that has much does not keep the client from being heard.
TEST(WebSocketConverse, TheClientIsHeardDespiteAFullChannel) {
  Virtually([](const Context& ctx) {
    const Chan<std::string> out(1000);
    for (int i = 0; i < 500; ++i) EXPECT_TRUE(out.TrySend(std::to_string(i)));
    Event go;
    int sent = 0;
    std::optional<int> sent_before;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      if (Error err = go.Wait(r.Ctx())) return err;
      return socket->Converse(
          r.Ctx(), out,
          [&](std::string text) {
            ++sent;
            return text;
          },
          [&](const WebSocketMessage&) { sent_before = sent; });
    });
    WsClient client(ctx, site);
    client.Send(Text("hear me"));
    (void)Sleep(ctx, 1ms);
    go.Set();
    for (int i = 0; i < 500; ++i) EXPECT_EQ(client.Message(), std::to_string(i));
    ASSERT_TRUE(sent_before.has_value());
    EXPECT_LE(*sent_before, 32);
    client.Send(CloseWith(1000));
    EXPECT_EQ(client.CloseCode(), 1000);
    EXPECT_TRUE(client.Ended());
  });
}

// Nor does one that is never empty.
TEST(WebSocketConverse, TheClientIsHeardDespiteAChannelThatIsNeverEmpty) {
  Virtually([](const Context& ctx) {
    const Chan<std::string> out(4);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(out.TrySend("x"));
    const Error enough = Error::New("enough");
    int heard = 0;
    int sent = 0;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      return socket->Converse(
          r.Ctx(), out,
          [&](std::string text) {
            EXPECT_TRUE(++sent >= 10'000 || out.TrySend("x"));
            return text;
          },
          [&](const WebSocketMessage&) { return ++heard == 20 ? enough : Error(); });
    });
    WsClient client(ctx, site);
    EXPECT_EQ(client.Message(), "x");
    for (int i = 0; i < 20; ++i) client.Send(Text("hear me"));
    FrameParts frame = client.Next();
    while (frame.opcode == kText) frame = client.Next();
    EXPECT_EQ(frame.payload, ClosePayload(1011));
    EXPECT_EQ(heard, 20);
    EXPECT_LT(sent, 10'000);
    client.Send(CloseWith(1011));
    EXPECT_TRUE(client.Ended());
  });
}

TEST(WebSocketConverse, ASilentClientIsFoundOutWhileValuesAreSentToIt) {
  Virtually([](const Context& ctx) {
    const Chan<std::string> out(0);
    std::vector<std::string> said;
    Error outcome;
    Site site(ctx, Talk(out, said, outcome));
    const TimePoint begin = Now();
    WsClient client(ctx, site);
    Group group(ctx);
    group.Go([&](const Context& c) {
      const CancelScope end = WithTimeout(c, 5min);
      while (!out.Send(end.ctx, "tick")) (void)Sleep(end.ctx, 7s);
    });
    client.ToEnd();
    EXPECT_EQ(Now() - begin, 45s);
    EXPECT_TRUE(outcome.Is(kTimeout)) << outcome.Message();
    group.Cancel(kCanceled);
    static_cast<void>(group.Wait());
  });
}

TEST(WebSocketConverse, AClientThatReadsNothingEndsIt) {
  Virtually([](const Context& ctx) {
    const Chan<std::string> out(100);
    std::vector<std::string> said;
    Error outcome;
    Site site(ctx, Talk(out, said, outcome));
    WsClient client(ctx, site);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(out.TrySend(std::string(100'000, 'x')));
    const TimePoint begin = Now();
    while (!outcome) (void)Sleep(ctx, 1s);
    EXPECT_TRUE(outcome.Is(kTimeout)) << outcome.Message();
    EXPECT_LE(Now() - begin, 61s);
    EXPECT_GT(out.Size(), 50u) << "the rest is not taken";
  });
}

TEST(WebSocketConverse, AnotherFiberMaySendAndClose) {
  Virtually([](const Context& ctx) {
    const Chan<std::string> out(10);
    std::optional<Error> closed, outcome;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      Group group(r.Ctx());
      group.Go([&](const Context& member) -> Error {
        if (Error err = socket->Send(member, "from another")) return err;
        (void)Sleep(member, 1s);
        EXPECT_TRUE(out.TrySend("last"));
        (void)Sleep(member, 1ms);
        closed = socket->Close(3000);
        return {};
      });
      outcome = socket->Converse(r.Ctx(), out, [](std::string text) { return text; }, [](const WebSocketMessage&) {});
      return group.Wait();
    });
    WsClient client(ctx, site);
    EXPECT_EQ(client.Message(), "from another");
    EXPECT_EQ(client.Message(), "last");
    EXPECT_EQ(client.CloseCode(), 3000);
    EXPECT_TRUE(out.TrySend("nobody sends this"));
    (void)Sleep(ctx, 1ms);
    client.Send(CloseWith(3000));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(closed && outcome);
    EXPECT_FALSE(*closed) << closed->Message();
    EXPECT_FALSE(*outcome) << outcome->Message();
  });
}

TEST(WebSocketConverse, ACloseOfAnotherFiberThatFailsIsNoSuccess) {
  Virtually([](const Context& ctx) {
    const Chan<std::string> out(100);
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(out.TrySend(std::string(100'000, 'x')));
    std::optional<Error> closed, outcome;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      Group group(r.Ctx());
      group.Go([&](const Context& member) {
        (void)Sleep(member, 1s);
        closed = socket->Close(1000);
      });
      outcome = socket->Converse(r.Ctx(), out, [](std::string text) { return text; }, [](const WebSocketMessage&) {});
      return group.Wait();
    });
    WsClient client(ctx, site);
    for (int i = 0; i < 20 && !(closed && outcome); ++i) (void)Sleep(ctx, 1s);
    ASSERT_TRUE(closed && outcome);
    EXPECT_TRUE(closed->Is(kTimeout)) << closed->Message();
    EXPECT_TRUE(outcome->Is(kTimeout)) << outcome->Message();
  });
}

TEST(WebSocketConverse, ANilChannelLeavesTheClientAlone) {
  Virtually([](const Context& ctx) {
    std::vector<std::string> said;
    Error outcome;
    Site site(ctx, Talk(Chan<std::string>(), said, outcome));
    WsClient client(ctx, site);
    client.Send(Text("alone") + CloseWith(1000));
    EXPECT_EQ(client.CloseCode(), 1000);
    EXPECT_TRUE(client.Ended());
    EXPECT_THAT(said, ::testing::ElementsAre("alone"));
    EXPECT_FALSE(outcome) << outcome.Message();
  });
}

TEST(WebSocketConverse, AReceiveAfterItIsAsBefore) {
  Virtually([](const Context& ctx) {
    const Chan<std::string> out(4);
    std::vector<std::string> got;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      const Error asked = Error::New("enough of that");
      const CancelScope scope = WithTimeout(r.Ctx(), 1s);
      while (!scope.ctx.Err()) {
        const Result<WebSocketMessage> message = socket->Receive(scope.ctx);
        if (message.Ok()) got.push_back(message->data);
      }
      EXPECT_TRUE(socket->Converse(r.Ctx(), out, [](std::string text) { return text; },
                                   [&](const WebSocketMessage& message) {
                                     got.push_back("in it: " + message.data);
                                     return asked;
                                   }).Is(asked));
      return {};
    });
    WsClient client(ctx, site);
    client.Send(Text("before"));
    (void)Sleep(ctx, 2s);
    EXPECT_TRUE(out.TrySend("value"));
    EXPECT_EQ(client.Message(), "value");
    client.Send(Text("stop"));
    EXPECT_EQ(client.CloseCode(), 1011);
    client.Send(CloseWith(1011));
    EXPECT_TRUE(client.Ended());
    EXPECT_THAT(got, ::testing::ElementsAre("before", "in it: stop"));
  });
}

}  // namespace
}  // namespace weft
