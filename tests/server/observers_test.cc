// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/server/server_stats.h>

#include "server_kit.h"

// Several observers of one server, several servers of one process.
namespace weft {
namespace {

using ::testing::ElementsAre;

// Notes what it hears, each with the name of the server.
class Notes final : public Observer {
 public:
  explicit Notes(bool asks = false) : asks_(asks) {}

  bool WatchesConnections() const override { return asks_; }
  void OnListening(const Listening& e) override { Note(e.server, "listening"); }
  void OnConnectionOpened(const ConnectionOpened& e) override { Note(e.server, "opened"); }
  void OnConnectionClosed(const ConnectionClosed& e) override { Note(e.server, "closed"); }
  void OnBadRequest(const BadRequest& e) override { Note(e.server, "bad request"); }
  void OnRequestRefused(const RequestRefused& e) override { Note(e.server, "refused"); }
  void OnHandlerFailed(const HandlerFailed& e) override { Note(e.server, "failed: " + e.error.Message()); }
  void OnResponseAborted(const ResponseAborted& e) override { Note(e.server, "aborted"); }
  void OnDrainProgress(const DrainProgress& e) override { Note(e.server, std::string(Name(e.phase))); }
  void OnLoopStalled(const LoopStalled& e) override { Note(e.server, std::string("stalled in ") + std::string(e.fiber)); }

  std::vector<std::string> All() const {
    std::lock_guard hold(lock_);
    return notes_;
  }

 private:
  void Note(std::string_view server, const std::string& what) {
    std::lock_guard hold(lock_);
    notes_.push_back(std::string(server) + ": " + what);
  }
  const bool asks_;
  mutable std::mutex lock_;
  std::vector<std::string> notes_;
};

ServerOptions Named(std::string name, std::vector<Observer*> observers) {
  ServerOptions options;
  options.name = std::move(name);
  options.observers = std::move(observers);
  return options;
}

TEST(Observers, EachHearsEverythingWithTheNameOfItsServer) {
  Notes first, second, third;
  Virtually([&](const Context& ctx) {
    ServerOptions options = Named("api", {&first, &second});
    options.observer = &third;
    TestServer server(ctx, [](ResponseWriter&, Request&) { return Error::New("disk full"); }, options);
    Client(ctx, server.Bound()).Get("/");
    Client bad(ctx, server.Bound());
    bad.Send("nonsense\r\n\r\n");
    bad.ReadResponse();
    EXPECT_FALSE(server.Stop());
  });

  EXPECT_THAT(first.All(), ElementsAre("api: listening", "api: failed: disk full", "api: refused", "api: bad request", "api: draining",
                                       "api: drained"));
  EXPECT_EQ(second.All(), first.All());
  EXPECT_EQ(third.All(), first.All());
}

TEST(Observers, OnlyThoseThatAskGetTheEventsOfConnections) {
  Notes asks(true), others(false);
  Virtually([&](const Context& ctx) {
    TestServer server(ctx, Tell, Named("", {&others, &asks}));
    Client(ctx, server.Bound()).Get("/", "Connection: close\r\n");
    (void)Sleep(ctx, std::chrono::milliseconds(1));
    EXPECT_FALSE(server.Stop());
  });

  EXPECT_THAT(asks.All(), ElementsAre(": listening", ": opened", ": closed", ": draining", ": drained"));
  EXPECT_THAT(others.All(), ElementsAre(": listening", ": draining", ": drained"));
}

TEST(Observers, SeveralServersMayShareOne) {
  Notes notes;
  Virtually([&](const Context& ctx) {
    TestServer api(ctx, Tell, Named("api", {&notes}));
    TestServer debug(ctx, Tell, Named("debug", {&notes}));
    EXPECT_FALSE(api.Stop());
    EXPECT_FALSE(debug.Stop());
  });

  EXPECT_THAT(notes.All(), ElementsAre("api: listening", "debug: listening", "api: draining", "api: drained", "debug: draining",
                                       "debug: drained"));
}

// The handler holds its loop until somebody was told.
TEST(Observers, AStalledLoopIsReportedWithItsStack) {
  struct Stalls final : Observer {
    void OnLoopStalled(const LoopStalled& e) override {
      if (std::exchange(told, true)) return;
      server = e.server;
      fiber = e.fiber;
      stack = e.stack;
      seen = true;
    }
    bool told = false;
    std::string server, fiber, stack;
    std::atomic<bool> seen{false};
  } stalls;
  const auto hold = [&stalls](ResponseWriter&, Request&) {
    while (!stalls.seen) std::this_thread::yield();
  };
  TestServer server(Background(), hold, Named("api", {&stalls}));

  Client(Background(), server.Bound()).Get("/");

  EXPECT_FALSE(server.Stop());
  EXPECT_EQ(stalls.server, "api");
  EXPECT_EQ(stalls.fiber, "GET /");
#if !defined(__SANITIZE_THREAD__)  // which holds signals back from a thread that computes
  EXPECT_NE(stalls.stack.find("AStalledLoopIsReportedWithItsStack"), std::string::npos) << stalls.stack;
#endif
}

TEST(Observers, ANullAmongThemIsAnError) {
  EXPECT_EQ(Named("", {nullptr}).Validate().Message(), "ServerOptions: observers is a list with a null pointer in it; it must be without null pointers");
}

TEST(ServerStats, CountRequestsInHandlersAndInTheQueue) {
  Virtually([](const Context& ctx) {
    Event go;
    ServerOptions options;
    options.name = "counted";
    options.requests_max = 1;
    options.connections_max = 50;
    TestServer server(ctx, [&](ResponseWriter&, Request& r) -> Error {
      if (r.Path() == "/long" && !r.LongLived()) return HttpError(503);
      return go.Wait(r.Ctx());
    }, options);
    Client first(ctx, server.Bound()), second(ctx, server.Bound()), third(ctx, server.Bound());
    first.Send("GET /long HTTP/1.1\r\nHost: test\r\n\r\n");
    (void)Sleep(ctx, std::chrono::milliseconds(1));
    second.Send(kGet);
    (void)Sleep(ctx, std::chrono::milliseconds(1));
    third.Send(kGet);
    (void)Sleep(ctx, std::chrono::milliseconds(1));

    const std::vector<ServerStats> all = ListServers();

    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].name, "counted");
    EXPECT_EQ(all[0].bound, server.Bound());
    EXPECT_EQ(all[0].connections, 3u);
    EXPECT_EQ(all[0].long_lived, 1u);
    EXPECT_EQ(all[0].requests, 1u);
    EXPECT_EQ(all[0].queued, 1u);
    EXPECT_EQ(all[0].connections_max, 50u);
    EXPECT_EQ(all[0].requests_max, 1u);
    EXPECT_FALSE(all[0].draining);

    go.Set();
    first.ReadResponse();
    second.ReadResponse();
    third.ReadResponse();
    (void)Sleep(ctx, std::chrono::milliseconds(1));
    EXPECT_EQ(ListServers()[0].requests + ListServers()[0].long_lived + ListServers()[0].queued, 0u);
    EXPECT_FALSE(server.Stop());
    EXPECT_TRUE(ListServers().empty());
  });
}

}  // namespace
}  // namespace weft
