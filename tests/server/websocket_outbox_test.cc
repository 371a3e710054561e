// SPDX-License-Identifier: Apache-2.0
//
// WebSockets that others send to: outboxes, and what aborts.
#include <functional>
#include <map>
#include <thread>

#include <weft/concurrency/group.h>

#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// Go's usual hub: a map of who is there, and each message goes to all of them from the fiber of the one who has sent it.
class Hub {
 public:
  explicit Hub(WebSocketOptions options = {}) : options_(std::move(options)) {}
  Handler AsHandler() {
    return [this](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r, options_);
      if (Error err = socket.Err()) return err;
      const int id = Join(socket->GetOutbox());
      Error err;
      while (!err) {
        const Result<WebSocketMessage> message = socket->Receive(r.Ctx());
        err = message.Err();
        if (!err) ToAll(message->data);
      }
      Leave(id, err);
      return err.Is(kClosed) ? Error() : err;
    };
  }
  int Join(WebSocketOutbox outbox) {
    std::lock_guard hold(lock_);
    all_[++next_] = std::move(outbox);
    return next_;
  }
  void Leave(int id, const Error& err) {
    std::lock_guard hold(lock_);
    all_.erase(id);
    last = err;
  }
  int ToAll(const std::string& text) {
    std::lock_guard hold(lock_);
    int sent = 0;
    for (auto& [id, outbox] : all_) sent += outbox.TrySend(text) ? 1 : 0;
    return sent;
  }
  WebSocketOutbox First() {
    std::lock_guard hold(lock_);
    return all_.empty() ? WebSocketOutbox() : all_.begin()->second;
  }
  Error last;

 private:
  const WebSocketOptions options_;
  std::mutex lock_;
  std::map<int, WebSocketOutbox> all_;
  int next_ = 0;
};

TEST(WebSocketOutbox, AHubOfOtherLanguagesWorks) {
  Virtually([](const Context& ctx) {
    Hub hub;
    Site site(ctx, hub.AsHandler());
    std::vector<WsClient> clients;
    for (int i = 0; i < 5; ++i) clients.emplace_back(ctx, site);
    (void)Sleep(ctx, 1ms);
    for (int i = 0; i < 5; ++i) {
      clients[i].Send(Text("from " + std::to_string(i)));
      for (WsClient& client : clients) EXPECT_EQ(client.Message(), "from " + std::to_string(i));
    }
  });
}

TEST(WebSocketOutbox, ManyMessagesKeepTheirOrder) {
  Virtually([](const Context& ctx) {
    Hub hub({.outbox_messages_max = 1000});
    Site site(ctx, hub.AsHandler());
    WsClient client(ctx, site);
    (void)Sleep(ctx, 1ms);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(hub.ToAll(std::to_string(i)), 1);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(client.Message(), std::to_string(i));
  });
}

TEST(WebSocketOutbox, IsBounded) {
  Virtually([](const Context& ctx) {
    Hub hub({.outbox_messages_max = 3, .outbox_bytes_max = 1000});
    Site site(ctx, hub.AsHandler());
    WsClient client(ctx, site);
    (void)Sleep(ctx, 1ms);
    const WebSocketOutbox outbox = hub.First();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(outbox.TrySend("x"));
    EXPECT_FALSE(outbox.TrySend("x"));
    for (int i = 0; i < 3; ++i) client.Message();
    EXPECT_TRUE(outbox.TrySend(std::string(900, 'x')));
    EXPECT_FALSE(outbox.TrySend(std::string(101, 'x')));
    EXPECT_TRUE(outbox.TrySendBinary(std::string(100, 'x')));
    client.Message();
    EXPECT_EQ(client.Next().opcode, kBinary);
  });
}

TEST(WebSocketOutbox, OutlivesItsWebSocket) {
  Virtually([](const Context& ctx) {
    Hub hub;
    WebSocketOutbox outbox;
    EXPECT_FALSE(outbox.TrySend("to nobody"));
    {
      Site site(ctx, hub.AsHandler());
      WsClient client(ctx, site);
      (void)Sleep(ctx, 1ms);
      outbox = hub.First();
      EXPECT_TRUE(outbox.Open());
      client.Send(CloseWith(1000));
      EXPECT_EQ(client.CloseCode(), 1000);
      EXPECT_FALSE(outbox.Open());
      EXPECT_FALSE(outbox.TrySend("late"));
    }
    EXPECT_FALSE(outbox.TrySend("later"));
  });
}

TEST(WebSocketOutbox, EndsReceiveOnceWhatIsQueuedHasLeft) {
  Virtually([](const Context& ctx) {
    Hub hub;
    Site site(ctx, hub.AsHandler());
    WsClient client(ctx, site);
    (void)Sleep(ctx, 1ms);
    const WebSocketOutbox outbox = hub.First();
    EXPECT_TRUE(outbox.TrySend("you are out"));
    outbox.End(kRefused);
    EXPECT_FALSE(outbox.TrySend("too late"));
    EXPECT_EQ(client.Message(), "you are out");
    EXPECT_EQ(client.CloseCode(), 1011);
    EXPECT_TRUE(hub.last.Is(kRefused)) << hub.last.Message();
  });
}

// Several loops and plain threads, on real time.
TEST(WebSocketOutbox, TakesMessagesFromAnyThread) {
  Hub hub({.outbox_messages_max = 10'000});
  ServerOptions options;
  options.loops = 2;
  options.address = "127.0.0.1:0";
  Site site(Background(), hub.AsHandler(), options);
  std::vector<WsClient> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(Background(), site);
  while (hub.ToAll("hello") < 4) std::this_thread::yield();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) EXPECT_EQ(hub.ToAll("x"), 4);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (WsClient& client : clients) {
    for (int left = 3 * 500; left > 0;) left -= client.Message() == "x" ? 1 : 0;
  }
  EXPECT_FALSE(site.Stop());
}

// --- what aborts

TEST(WebSocketDeathTest, AnEndNeedsAnError) {
  EXPECT_DEATH(WebSocketOutbox().End(Error()), "WebSocketOutbox::End: an Error is needed");
}

TEST(WebSocketDeathTest, AnotherRequestMustNotSend) {
  EXPECT_DEATH(Virtually([](const Context& ctx) {
                 WebSocket* first = nullptr;
                 Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
                   Result<WebSocket> socket = AcceptWebSocket(w, r);
                   if (Error err = socket.Err()) return err;
                   if (first != nullptr) return first->Send(r.Ctx(), "to somebody else");
                   first = &*socket;
                   return socket->Receive(r.Ctx()).Err();
                 });
                 WsClient a(ctx, site), b(ctx, site);
                 (void)b.Next();
               }),
               "WebSocket::Send: .*another loop, or by a fiber that does not belong to its request: give out its GetOutbox");
}

TEST(WebSocketDeathTest, AbortsOnASecondReceiver) {
  EXPECT_DEATH(Virtually([](const Context& ctx) {
                 Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
                   Result<WebSocket> socket = AcceptWebSocket(w, r);
                   if (Error err = socket.Err()) return err;
                   Group group(r.Ctx());
                   group.Go([&](const Context& member) { return socket->Receive(member).Err(); });
                   group.Go([&](const Context& member) { return socket->Receive(member).Err(); });
                   return group.Wait();
                 });
                 WsClient client(ctx, site);
                 (void)client.Next();
               }),
               "WebSocket::Receive: another fiber is already receiving");
}

}  // namespace
}  // namespace weft
