// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <weft/concurrency/event.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

// One line for each end of a connection: "unix complete 2". Checks that both ends of each are told, in order.
class Connections final : public Observer {
 public:
  explicit Connections(bool asks = true) : asks_(asks) {}

  bool WatchesConnections() const override { return asks_; }
  void OnConnectionOpened(const ConnectionOpened& e) override {
    std::lock_guard hold(lock_);
    EXPECT_NE(fcntl(e.descriptor, F_GETFD), -1);
    EXPECT_TRUE(open_.emplace(e.descriptor, e.peer).second) << "two open ones with the same descriptor";
    ++opened_;
  }
  void OnConnectionClosed(const ConnectionClosed& e) override {
    std::lock_guard hold(lock_);
    EXPECT_NE(fcntl(e.descriptor, F_GETFD), -1) << "it is told too late";
    EXPECT_EQ(open_.erase(e.descriptor), 1u) << "it was not open";
    ends_.push_back(std::string(e.peer) + " " + std::string(Name(e.reason)) + " " + std::to_string(e.requests));
  }

  int Opened() const {
    std::lock_guard hold(lock_);
    return opened_;
  }
  std::size_t Open() const {
    std::lock_guard hold(lock_);
    return open_.size();
  }
  std::vector<std::string> Ends() const {
    std::lock_guard hold(lock_);
    return ends_;
  }

 private:
  const bool asks_;
  mutable std::mutex lock_;
  std::map<int, std::string> open_;
  int opened_ = 0;
  std::vector<std::string> ends_;
};

// What the end of one connection was called, after `use` of it.
std::string EndOf(const std::function<void(const Context&, Client&, TestServer&)>& use, Handler handler, ServerOptions options = {}) {
  Connections seen;
  Virtually([&](const Context& ctx) {
    options.observer = &seen;
    TestServer server(ctx, std::move(handler), options);
    {
      Client client(ctx, server.Bound());
      use(ctx, client, server);
    }
    (void)server.Stop();
  });
  EXPECT_EQ(seen.Opened(), 1);
  EXPECT_EQ(seen.Open(), 0u);
  const std::vector<std::string> ends = seen.Ends();
  return ends.size() == 1 ? ends[0] : "ends: " + std::to_string(ends.size());
}

TEST(ConnectionEvents, SayWhyAConnectionEnded) {
  const auto leave = [](const Context& ctx, Client& client, TestServer&) {
    client.Get("/");
    client.Get("/");
    client.raw().Close();
    (void)Sleep(ctx, milliseconds(1));
  };
  EXPECT_EQ(EndOf(leave, Tell), "unix client 2");

  const auto answered = [](const Context&, Client& client, TestServer&) {
    client.Get("/", "Connection: close\r\n");
    EXPECT_TRUE(client.Ended());
  };
  EXPECT_EQ(EndOf(answered, Tell), "unix complete 1");

  const auto nonsense = [](const Context&, Client& client, TestServer&) {
    client.Send("nonsense\r\n\r\n");
    client.ReadResponse();
    EXPECT_TRUE(client.Ended());
  };
  EXPECT_EQ(EndOf(nonsense, Tell), "unix bad request 0");

  const auto behind = [](const Context&, Client& client, TestServer&) {
    client.Send(std::string(kGet) + "nonsense\r\n\r\n");
    client.ReadResponse();
    client.ReadResponse();
    EXPECT_TRUE(client.Ended());
  };
  EXPECT_EQ(EndOf(behind, Tell), "unix bad request 1");

  const auto idle = [](const Context&, Client& client, TestServer&) {
    client.Get("/");
    EXPECT_TRUE(client.Ended());
  };
  EXPECT_EQ(EndOf(idle, Tell), "unix timeout 1");

  const auto half_a_body = [](const Context&, Client& client, TestServer&) {
    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
    EXPECT_EQ(client.ReadResponse().status, 408);
    EXPECT_TRUE(client.Ended());
  };
  EXPECT_EQ(EndOf(half_a_body, [](ResponseWriter&, Request& r) { return r.Body().ReadAll().Err(); }), "unix timeout 1");

  const auto drained = [](const Context&, Client& client, TestServer& server) {
    client.Get("/");
    server.BeginDrain();
    EXPECT_TRUE(client.Ended());
  };
  EXPECT_EQ(EndOf(drained, Tell), "unix drain 1");

  const auto broken_off = [](const Context&, Client& client, TestServer&) {
    client.Send(kGet);
    client.ToEnd();
  };
  EXPECT_EQ(EndOf(broken_off,
                  [](ResponseWriter& w, Request&) -> Error {
                    if (Error err = w.Write(Pattern(100000))) return err;
                    return Error::New("half way");
                  }),
            "unix aborted 1");
}

TEST(ConnectionEvents, DistinguishDisconnectsFromClosesByTheServer) {
  // The client leaves while its request is served.
  const auto leaves = [](const Context& ctx, Client& client, TestServer&) {
    client.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));
    client.raw().Close();
    (void)Sleep(ctx, milliseconds(1));
  };
  const auto sleeps = [](ResponseWriter& w, Request& r) -> Error {
    if (Error err = Sleep(r.Ctx(), seconds(40))) return err;
    return w.Write("x");
  };
  EXPECT_EQ(EndOf(leaves, sleeps), "unix client 1");

  // The drain timeout expires while a handler does not look at its context.
  ServerOptions impatient;
  impatient.drain_timeout = seconds(1);
  const auto stays = [](const Context& ctx, Client& client, TestServer& server) {
    client.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));
    server.BeginDrain();
    client.ToEnd();
  };
  const auto stubborn = [](ResponseWriter& w, Request&) -> Error {
    (void)Sleep(Background(), seconds(10));
    return w.Write("x");
  };
  EXPECT_EQ(EndOf(stays, stubborn, impatient), "unix forced close 1");
}

TEST(ConnectionEvents, NameTheProxyAtTheStartAndTheClientAtTheEnd) {
  ServerOptions options;
  options.proxy_protocol_from = {"unix"};
  const auto proxied = [](const Context&, Client& client, TestServer&) {
    client.Send("PROXY TCP4 192.0.2.7 10.0.0.1 50000 443\r\n");
    client.Get("/", "Connection: close\r\n");
  };
  EXPECT_EQ(EndOf(proxied, Tell, options), "192.0.2.7:50000 complete 1");
  const auto malformed = [](const Context&, Client& client, TestServer&) {
    client.Send("PROXX");
    client.ToEnd();
  };
  EXPECT_EQ(EndOf(malformed, Tell, options), "unix bad request 0");
}

TEST(ConnectionEvents, AnEvictedOneAndAnOverloadAreNamed) {
  Connections seen;
  Virtually([&](const Context& ctx) {
    ServerOptions options;
    options.observer = &seen;
    options.connections_max = 1;
    TestServer server(ctx, Tell, options);
    Client first(ctx, server.Bound());
    first.Get("/");
    Client second(ctx, server.Bound());
    EXPECT_EQ(second.Get("/").status, 200);
    EXPECT_THAT(seen.Ends(), ElementsAre("unix evicted 1"));
  });

  Connections crowded;
  Virtually([&](const Context& ctx) {
    ServerOptions options;
    options.observer = &crowded;
    options.requests_max = 1;
    options.queued_requests_max = 1;
    Event go_on;
    TestServer server(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (Error err = go_on.Wait(r.Ctx())) return err;
      return w.Write("x");
    }, options);
    std::vector<Client> clients;
    for (int i = 0; i < 3; ++i) {
      clients.emplace_back(ctx, server.Bound());
      clients.back().Send(kGet);
      (void)Sleep(ctx, milliseconds(1));
    }
    EXPECT_EQ(clients[2].ReadResponse().status, 503);
    clients[2].raw().Close();
    (void)Sleep(ctx, milliseconds(1));
    EXPECT_THAT(crowded.Ends(), ElementsAre("unix overload 0"));
    go_on.Set();
    EXPECT_EQ(clients[0].ReadResponse().status, 200);
    EXPECT_EQ(clients[1].ReadResponse().status, 200);
  });
}

TEST(ConnectionEvents, AreReportedOnlyOnRequest) {
  Connections deaf(/*asks=*/false);
  Virtually([&](const Context& ctx) {
    ServerOptions options;
    options.observer = &deaf;
    TestServer server(ctx, Tell, options);
    Client client(ctx, server.Bound());
    client.Get("/");
  });

  EXPECT_EQ(deaf.Opened(), 0);
  EXPECT_TRUE(deaf.Ends().empty());
}

TEST(ConnectionEvents, OpeningAndClosingAreReportedOnSeveralLoops) {
  constexpr int kClients = 40;
  Connections seen;
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = 2;
  options.observer = &seen;
  TestServer server(Background(), Tell, options);
  std::vector<Client> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back(Background(), server.Bound());
    clients.back().Get("/");
  }
  EXPECT_FALSE(server.Stop());

  EXPECT_EQ(seen.Opened(), kClients);
  EXPECT_EQ(seen.Open(), 0u);
  EXPECT_EQ(seen.Ends().size(), static_cast<std::size_t>(kClients));
}

TEST(RequestsInHandlers, TheirLimitIsReportedOnceUntilThereIsRoom) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.requests_max = 1;
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(1))) return err;
      return w.Write("x");
    }, options);
    for (int i = 1; i <= 2; ++i) {
      std::vector<Client> clients;
      for (int c = 0; c < 3; ++c) {
        clients.push_back(site.Connect());
        clients.back().Send(kGet);
      }
      for (Client& client : clients) EXPECT_EQ(client.ReadResponse().body, "x");
      EXPECT_EQ(site.Count("limit requests in handlers"), i);
    }
  });
}

}  // namespace
}  // namespace weft
