// SPDX-License-Identifier: Apache-2.0
//
// WebSockets: messages, errors of the protocol, and the end.
#include <optional>

#include <weft/concurrency/group.h>

#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

TEST(WebSocket, SendsBackMessagesOfAllSizes) {
  Virtually([](const Context& ctx) {
    Error outcome;
    Site site(ctx, EchoWebSocket(&outcome));
    WsClient client(ctx, site);
    for (const std::size_t size : {0, 1, 125, 126, 511, 512, 513, 1535, 1536, 1537, 4096, 65535, 65536, 61440, 61441, 1'000'000}) {
      client.Send(Text(Pattern(size)));
      EXPECT_EQ(client.Message(), Pattern(size)) << size;
    }
    client.Send(FrameOf({.opcode = kBinary, .payload = std::string("\xff\0\x80", 3)}));
    const FrameParts binary = client.Next();
    EXPECT_EQ(binary.opcode, kBinary);
    EXPECT_EQ(binary.payload, std::string("\xff\0\x80", 3));

    client.Send(CloseWith(1000));
    EXPECT_EQ(client.CloseCode(), 1000);
    EXPECT_TRUE(client.Ended());
    EXPECT_TRUE(outcome.Is(kClosed));
  });
}

TEST(WebSocket, TakesMessagesInFragmentsAndRepliesToPingsInBetween) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket());
    WsClient client(ctx, site);
    client.Send(FrameOf({.opcode = kText, .payload = "he", .fin = false}));
    client.Send(FrameOf({.opcode = kPing, .payload = "still there?"}));
    client.Send(FrameOf({.opcode = kContinuation, .payload = "", .fin = false}));
    client.Send(FrameOf({.opcode = kPong, .payload = "unasked"}));
    client.Send(FrameOf({.opcode = kContinuation, .payload = "llo"}));

    const FrameParts pong = client.Next();
    EXPECT_EQ(pong.opcode, kPong);
    EXPECT_EQ(pong.payload, "still there?");
    EXPECT_EQ(client.Message(), "hello");
  });
}

// All that a client may send, as one stream of bytes that is cut in two at each place. Where it is cut the wait ends by its context.
TEST(WebSocket, NothingDependsOnHowTheBytesAreSplit) {
  const std::string bytes = Text("one") + FrameOf({.opcode = kPing, .payload = "p"}) + FrameOf({.opcode = kText, .payload = "tw", .fin = false}) +
                            FrameOf({.opcode = kPing, .payload = "q"}) + FrameOf({.opcode = kContinuation, .payload = "o \xc3\xa4"}) +
                            FrameOf({.opcode = kBinary, .payload = Pattern(200)}) +
                            CloseWith(3000, "bye");
  Virtually([&](const Context& ctx) {
    std::vector<std::string> got;
    std::optional<WebSocketClose> status;
    int interrupted = 0;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      for (;;) {
        const CancelScope soon = WithTimeout(r.Ctx(), 300us);
        const Result<WebSocketMessage> message = socket->Receive(soon.ctx);
        if (message.Err().Is(kDeadlineExceeded)) {
          ++interrupted;
          continue;
        }
        if (message.Err().Is(kClosed)) break;
        if (Error err = message.Err()) return err;
        got.push_back(message->data);
      }
      status = socket->CloseStatus();
      return {};
    });
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      got.clear();
      status.reset();
      WsClient client(ctx, site);
      client.Send(std::string_view(bytes).substr(0, cut));
      (void)Sleep(ctx, 1ms);
      client.Send(std::string_view(bytes).substr(cut));
      EXPECT_EQ(client.Next().payload, "p") << cut;
      EXPECT_EQ(client.Next().payload, "q") << cut;
      EXPECT_EQ(client.CloseCode(), 3000) << cut;
      EXPECT_TRUE(client.Ended());
      EXPECT_THAT(got, ::testing::ElementsAre("one", "two \xc3\xa4", Pattern(200))) << cut;
      ASSERT_TRUE(status.has_value()) << cut;
      EXPECT_EQ(status->code, 3000);
      EXPECT_EQ(status->reason, "bye");
    }
    EXPECT_GT(interrupted, 500);
  });
}

TEST(WebSocket, InvalidFramesGetTheirCloseCode) {
  const struct {
    std::string what;
    std::string bytes;
    int code;
    Error error;
  } cases[] = {
      {"not masked", FrameOf({.payload = "x", .masked = false}), 1002, kMalformed},
      {"a reserved bit", FrameOf({.payload = "x", .reserved = 4}), 1002, kMalformed},
      {"another reserved bit", FrameOf({.payload = "x", .reserved = 1}), 1002, kMalformed},
      {"an unknown opcode", FrameOf({.opcode = 3, .payload = "x"}), 1002, kMalformed},
      {"an unknown control opcode", FrameOf({.opcode = 11, .payload = "x"}), 1002, kMalformed},
      {"a ping in fragments", FrameOf({.opcode = kPing, .payload = "x", .fin = false}), 1002, kMalformed},
      {"a long ping", FrameOf({.opcode = kPing, .payload = std::string(126, 'x')}), 1002, kMalformed},
      {"a continuation of nothing", FrameOf({.opcode = kContinuation, .payload = "x"}), 1002, kMalformed},
      {"a message within another", FrameOf({.payload = "x", .fin = false}) + Text("y"), 1002, kMalformed},
      {"text that is no UTF-8", Text("\xc0\x80"), 1007, kMalformed},
      {"text that ends within a character", Text("\xe2\x82"), 1007, kMalformed},
      {"text that ends within a character, with an empty fragment",
       FrameOf({.payload = "\xe2\x82", .fin = false}) + FrameOf({.opcode = kContinuation}), 1007, kMalformed},
      {"the same over several fragments", FrameOf({.payload = "a\xf0", .fin = false}) + FrameOf({.opcode = kContinuation, .payload = "\x9f\x8d", .fin = false}) +
                                              FrameOf({.opcode = kContinuation, .fin = false}) + FrameOf({.opcode = kContinuation}), 1007, kMalformed},
      {"a close frame of one byte", FrameOf({.opcode = kCloseFrame, .payload = "x"}), 1002, kMalformed},
      {"a close code that nobody may send", CloseWith(1005), 1002, kMalformed},
      {"a close code below all", CloseWith(999), 1002, kMalformed},
      {"a reason that is no UTF-8", CloseWith(1000, "\xff"), 1002, kMalformed},
      {"too large a message", Text(std::string(1001, 'x')), 1009, kTooLarge},
      {"too large a message in fragments", FrameOf({.payload = std::string(600, 'x'), .fin = false}) +
                                               FrameOf({.opcode = kContinuation, .payload = std::string(600, 'x')}), 1009, kTooLarge},
  };
  Virtually([&](const Context& ctx) {
    Error outcome;
    Site site(ctx, EchoWebSocket(&outcome, nullptr, {.message_bytes_max = 1000}));
    for (const auto& one : cases) {
      WsClient client(ctx, site);
      client.Send(one.bytes);
      EXPECT_EQ(client.CloseCode(), one.code) << one.what;
      EXPECT_TRUE(client.Ended()) << one.what;
      EXPECT_TRUE(outcome.Is(one.error)) << one.what << ": " << outcome.Message();
    }
  });
}

// Each text by itself, and not with what is left of the one before.
TEST(WebSocket, ATextMayEndWithAnEmptyFragment) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket());
    WsClient client(ctx, site);
    for (const std::string text : {"", "a", "\xc3\xa4", "a\xe2\x82\xac", "\xf0\x9f\x8d\xb5"}) {
      client.Send(FrameOf({.payload = text, .fin = false}) + FrameOf({.opcode = kContinuation}));
      EXPECT_EQ(client.Message(), text);
    }
    client.Send(FrameOf({.opcode = kBinary, .payload = "\xe2\x82", .fin = false}) + FrameOf({.opcode = kContinuation}));
    EXPECT_EQ(client.Message(), "\xe2\x82");
    client.Send(Text("\xc3\xa4"));
    EXPECT_EQ(client.Message(), "\xc3\xa4");
  });
}

TEST(WebSocket, ALengthIsNotBelieved) {
  const struct {
    std::string bytes;
    int code;
    Error error;
  } cases[] = {
      {std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14), 1009, kTooLarge},   // 2^63 - 1 bytes
      {std::string("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02\x03\x04", 14), 1002, kMalformed},  // the highest bit is 0 (RFC 6455 section 5.2)
  };
  Virtually([&](const Context& ctx) {
    Error outcome;
    Site site(ctx, EchoWebSocket(&outcome));
    for (const auto& one : cases) {
      WsClient client(ctx, site);
      client.Send(one.bytes);
      EXPECT_EQ(client.CloseCode(), one.code);
      EXPECT_TRUE(client.Ended());
      EXPECT_TRUE(outcome.Is(one.error)) << outcome.Message();
    }
  });
}

TEST(WebSocket, EachPingOfAFloodGetsOnePong) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket());
    WsClient client(ctx, site);
    constexpr int kPings = 3000;
    Group pings(ctx);
    pings.Go([&](const Context&) {
      for (int i = 0; i < kPings; ++i) client.Send(FrameOf({.opcode = kPing, .payload = std::to_string(i)}));
      client.Send(Text("after them"));
    });
    for (int i = 0; i < kPings; ++i) {
      const FrameParts pong = client.Next();
      ASSERT_EQ(pong.opcode, kPong);
      ASSERT_EQ(pong.payload, std::to_string(i));
    }
    EXPECT_EQ(client.Message(), "after them");
    EXPECT_FALSE(pings.Wait());
  });
}

TEST(WebSocket, MessagesThatComeTogetherAreReceivedOneByOne) {
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket());
    WsClient client(ctx, site);
    std::string all;
    for (int i = 0; i < 500; ++i) {
      all += Text(std::to_string(i)) + FrameOf({.payload = "h", .fin = false}) + FrameOf({.opcode = kContinuation, .payload = "i"});
    }
    Group sending(ctx);
    sending.Go([&](const Context&) { client.Send(all); });
    for (int i = 0; i < 500; ++i) {
      ASSERT_EQ(client.Message(), std::to_string(i));
      ASSERT_EQ(client.Message(), "hi");
    }
    EXPECT_FALSE(sending.Wait());
  });
}

TEST(WebSocket, RepliesToACloseOfTheClient) {
  Virtually([](const Context& ctx) {
    Error outcome;
    WebSocketClose status;
    Site site(ctx, EchoWebSocket(&outcome, &status));
    {
      WsClient client(ctx, site);
      client.Send(CloseWith(4711, "enough"));
      EXPECT_EQ(client.CloseCode(), 4711);
      EXPECT_TRUE(client.Ended());
      EXPECT_TRUE(outcome.Is(kClosed));
      EXPECT_EQ(status.code, 4711);
      EXPECT_EQ(status.reason, "enough");
    }
    WsClient client(ctx, site);
    client.Send(FrameOf({.opcode = kCloseFrame}));
    client.Next();
    EXPECT_TRUE(client.Ended());
    EXPECT_EQ(status.code, 1005);
    EXPECT_EQ(site.Count("failed") + site.Count("aborted"), 0);
  });
}

TEST(WebSocket, ReportsAClientThatLeavesWithoutAClose) {
  Virtually([](const Context& ctx) {
    Error outcome;
    WebSocketClose status;
    Site site(ctx, EchoWebSocket(&outcome, &status));
    {
      WsClient client(ctx, site);
      client.Send(Text("half a message").substr(0, 9));
    }
    (void)Sleep(ctx, 1ms);
    EXPECT_TRUE(outcome.Is(kClientGone)) << outcome.Message();
    EXPECT_EQ(status.code, 1006);
  });
}

TEST(WebSocket, TheHandlersOutcomeDecidesTheCloseCode) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      if (Error err = socket->Send(r.Ctx(), "hello")) return err;
      return r.RawQuery() == "fail" ? Error::New("out of tea") : Error();
    });
    {
      WsClient client(ctx, site);
      EXPECT_EQ(client.Message(), "hello");
      EXPECT_EQ(client.CloseCode(), 1000);
      EXPECT_TRUE(client.Ended());
    }
    WsClient failing(ctx, site, "/ws?fail");
    EXPECT_EQ(failing.Message(), "hello");
    EXPECT_EQ(failing.CloseCode(), 1011);
    EXPECT_TRUE(failing.Ended());
  });
}

TEST(WebSocket, ReportsADrainOnceAndTheHandlerMayGoOn) {
  Virtually([](const Context& ctx) {
    std::vector<Error> received;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      for (;;) {
        const Result<WebSocketMessage> message = socket->Receive(r.Ctx());
        received.push_back(message.Err());
        if (message.Err().Is(kServerClosing)) continue;
        if (message.Err()) return {};
        if (Error err = socket->Send(r.Ctx(), message->data)) return err;
      }
    });
    WsClient client(ctx, site);
    const TimePoint begin = Now();
    site.server().BeginDrain();
    (void)Sleep(ctx, 1ms);
    ASSERT_EQ(received.size(), 1u);
    EXPECT_TRUE(received[0].Is(kServerClosing));
    client.Send(Text("one more"));
    EXPECT_EQ(client.Message(), "one more");
    client.Send(CloseWith(1000));
    EXPECT_EQ(client.CloseCode(), 1000);
    EXPECT_TRUE(client.Ended());
    EXPECT_FALSE(site.server().Join());
    EXPECT_LT(Now() - begin, 2s);
  });
}

TEST(WebSocket, ADrainClosesWith1001) {
  Virtually([](const Context& ctx) {
    Error outcome;
    Site site(ctx, EchoWebSocket(&outcome));
    WsClient client(ctx, site);
    WsClient within(ctx, site);
    within.Send(Text("half a message").substr(0, 9));
    (void)Sleep(ctx, 1ms);
    site.server().BeginDrain();
    for (WsClient* one : {&client, &within}) EXPECT_EQ(one->CloseCode(), 1001);
    client.Send(CloseWith(1001));
    within.Send(Text("half a message").substr(9) + CloseWith(1001));
    EXPECT_TRUE(client.Ended());
    EXPECT_TRUE(within.Ended());
    EXPECT_FALSE(site.server().Join());
    EXPECT_EQ(site.Count("failed") + site.Count("aborted"), 0);
  });
}

TEST(WebSocket, Closes1001AfterAHandlerThatDoesNotReceiveInADrain) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      return r.Draining().Wait();
    });
    WsClient client(ctx, site);
    site.server().BeginDrain();
    EXPECT_EQ(client.CloseCode(), 1001);
    EXPECT_TRUE(client.Ended());
  });
}

TEST(WebSocket, ASilentClientIsPingedAndGivenUpWithoutAPong) {
  Virtually([](const Context& ctx) {
    Error outcome;
    Site site(ctx, EchoWebSocket(&outcome));
    WsClient client(ctx, site);
    const TimePoint begin = Now();
    EXPECT_EQ(client.Next().opcode, kPing);
    EXPECT_EQ(Now() - begin, 30s);
    client.Send(FrameOf({.opcode = kPong}));
    EXPECT_EQ(client.Next().opcode, kPing);
    EXPECT_EQ(Now() - begin, 60s);
    client.Send(Text("anything counts"));
    EXPECT_EQ(client.Message(), "anything counts");
    EXPECT_EQ(client.Next().opcode, kPing);
    EXPECT_EQ(Now() - begin, 90s);
    client.ToEnd();
    EXPECT_EQ(Now() - begin, 105s);
    EXPECT_TRUE(outcome.Is(kTimeout)) << outcome.Message();
  });
}

TEST(WebSocket, ManyFibersMaySend) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      Group group(r.Ctx());
      for (char c = 'a'; c < 'h'; ++c) {
        group.Go([&, c](const Context& member) -> Error {
          for (int i = 0; i < 3; ++i) {
            if (Error err = socket->Send(member, std::string(200'000, c))) return err;
          }
          return {};
        });
      }
      const Error received = socket->Receive(r.Ctx()).Err();
      EXPECT_TRUE(received.Is(kClosed)) << received.Message();
      return group.Wait();
    });
    WsClient client(ctx, site);
    Group pings(ctx);
    pings.Go([&](const Context&) {
      for (int i = 0; i < 100; ++i) client.Send(FrameOf({.opcode = kPing, .payload = "p"}));
    });
    for (int i = 0; i < 21; ++i) {
      const std::string message = client.Message();
      ASSERT_EQ(message, std::string(200'000, message[0])) << i;
    }
    EXPECT_FALSE(pings.Wait());
    client.Send(CloseWith(1000));
    FrameParts last = client.Next();
    while (last.opcode == kPong) last = client.Next();
    EXPECT_EQ(last.opcode, kCloseFrame);
  });
}

TEST(WebSocket, CloseWaitsForTheClientsCloseFrame) {
  Virtually([](const Context& ctx) {
    std::optional<Error> closed;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      closed = socket->Close(4000, "enough");
      EXPECT_TRUE(socket->Send(r.Ctx(), "late").Is(kClosed));
      EXPECT_TRUE(socket->Receive(r.Ctx()).Err());
      return {};
    });
    {
      WsClient polite(ctx, site);
      const FrameParts close = polite.Next();
      EXPECT_EQ(close.payload, ClosePayload(4000, "enough"));
      polite.Send(Text("what came meanwhile") + CloseWith(4000));
      EXPECT_TRUE(polite.Ended());
      ASSERT_TRUE(closed.has_value());
      EXPECT_FALSE(*closed) << closed->Message();
    }
    closed.reset();
    const TimePoint begin = Now();
    WsClient silent(ctx, site);
    EXPECT_EQ(silent.CloseCode(), 4000);
    EXPECT_TRUE(silent.Ended());
    EXPECT_EQ(Now() - begin, 5s);
    ASSERT_TRUE(closed.has_value());
    EXPECT_TRUE(closed->Is(kTimeout));
  });
}

TEST(WebSocket, CloseOfAnotherFiberEndsReceive) {
  Virtually([](const Context& ctx) {
    std::optional<Error> received, closed;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      Group group(r.Ctx());
      group.Go([&](const Context& member) {
        (void)Sleep(member, 1s);
        closed = socket->Close(1000);
      });
      received = socket->Receive(r.Ctx()).Err();
      return group.Wait();
    });
    WsClient client(ctx, site);
    EXPECT_EQ(client.CloseCode(), 1000);
    client.Send(Text("dropped") + CloseWith(1000));
    EXPECT_TRUE(client.Ended());
    ASSERT_TRUE(received && closed);
    EXPECT_TRUE(received->Is(kClosed)) << received->Message();
    EXPECT_FALSE(*closed) << closed->Message();
  });
}

TEST(WebSocket, OnlyCodesThatMayBeSentAreSent) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      for (const int code : {0, 999, 1004, 1005, 1006, 1014, 1015, 2999, 5000}) EXPECT_TRUE(socket->Close(code)) << code;
      return {};
    });
    WsClient client(ctx, site);
    EXPECT_EQ(client.CloseCode(), 1000);
  });
}

TEST(WebSocket, GivesUpAClientThatReadsNothing) {
  Virtually([](const Context& ctx) {
    std::optional<Error> sent;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      const std::string large(100'000, 'x');
      while (!sent || !*sent) sent = socket->Send(r.Ctx(), large);
      return *sent;
    });
    const TimePoint begin = Now();
    WsClient client(ctx, site);
    while (!sent || !*sent) (void)Sleep(ctx, 1s);
    EXPECT_TRUE(sent->Is(kTimeout)) << sent->Message();
    EXPECT_LE(Now() - begin, 61s);  // it has taken something in the first period
    EXPECT_EQ(site.Count("timeout"), 1);
  });
}

}  // namespace
}  // namespace weft
