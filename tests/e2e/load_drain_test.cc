// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/run.h>
#include <weft/handlers/debug/debug_fibers.h>
#include <weft/handlers/debug/health.h>
#include <weft/handlers/readiness.h>
#include <weft/handlers/routing/mux.h>

#include "kit.h"

namespace weft {
namespace {

// What a client in a closed loop has seen when its server went away.
struct Seen {
  int answered = 0;
  int lost = 0;  // requests that were sent whole, on a live connection, and got no whole answer
};

// Asks again and again on one connection until it is told to go, or the server has closed.
Seen AskUntilTheEnd(const TestServer& server, std::atomic<int>& running, int enough, Event& load_is_on) {
  Seen seen;
  Result<TestClient> client = server.Connect(Background());
  if (!client.Ok()) return seen;
  for (;;) {
    if (client->Send(Background(), "GET /work HTTP/1.1\r\nHost: x\r\n\r\n")) return seen;
    Result<TestResponse> answer = client->ReadResponse(Background());
    if (!answer.Ok() || answer->status != 200) {
      ++seen.lost;
      return seen;
    }
    if (++seen.answered == 3 && running.fetch_add(1) + 1 == enough) load_is_on.Set();
    if (answer->Header("Connection") == "close") return seen;
  }
}

class DrainUnderLoadOver : public ::testing::TestWithParam<const char*> {};

TEST_P(DrainUnderLoadOver, LosesNoRequest) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  constexpr int kRounds = 3;
#else
  constexpr int kRounds = 20;
#endif
  constexpr int kClients = 8;
  ServerOptions options = Tcp(2);
  if (GetParam() == std::string("TLS")) {
    const Result<Tls> tls = Tls::SelfSigned({"localhost"});
    if (!tls.Ok()) GTEST_SKIP() << tls.Err().Message();
    options.tls = *tls;
  }
  for (int round = 0; round < kRounds; ++round) {
    TestServer server(
        Background(),
        [](ResponseWriter& w, Request& r) -> Error {
          Yield();
          if (Error err = Sleep(r.Ctx(), std::chrono::microseconds(100))) return err;
          return w.Write("done");
        },
        options);
    std::atomic<int> running{0};
    Event load_is_on;
    std::vector<Seen> seen(kClients);
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] { seen[static_cast<std::size_t>(i)] = AskUntilTheEnd(server, running, kClients, load_is_on); });
    }
    ASSERT_FALSE(load_is_on.Wait(Background()));

    const Error err = server.Stop();
    for (std::thread& client : clients) client.join();

    EXPECT_FALSE(err) << err.Message();
    for (const Seen& one : seen) {
      EXPECT_EQ(one.lost, 0) << "round " << round;
      EXPECT_GE(one.answered, 3);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, DrainUnderLoadOver, ::testing::Values("TCP", "TLS"), [](const auto& param) { return std::string(param.param); });

TEST(DrainUnderLoad, ReadinessFailsAndFibersAreListedMeanwhile) {
  Readiness readiness;
  Event inside;
  Event go_on;
  ServerOptions app_options = Tcp();
  app_options.readiness = &readiness;
  TestServer app(
      Background(),
      [&](ResponseWriter& w, Request& r) -> Error {
        inside.Set();
        if (Error err = go_on.Wait(r.Ctx())) return err;
        return w.Write("at last");
      },
      app_options);
  Mux debug_mux;
  debug_mux.Handle("/readyz", ReadyHandler(readiness));
  debug_mux.Handle("GET /debug/fibers", DebugFibers());
  TestServer debug(Background(), debug_mux, Tcp());
  EXPECT_EQ(Fetch(debug.Bound(), "/readyz").status, 200);

  Result<TestClient> client = app.Connect(Background());
  ASSERT_TRUE(client.Ok());
  ASSERT_FALSE(client->Send(Background(), "GET /slow/page HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_FALSE(inside.Wait(Background()));
  app.BeginDrain();
  while (readiness.Ready()) std::this_thread::yield();

  EXPECT_EQ(Fetch(debug.Bound(), "/readyz").status, 503);
  const TestResponse fibers = Fetch(debug.Bound(), "/debug/fibers");
  EXPECT_EQ(fibers.status, 200);
  EXPECT_NE(fibers.body.find("GET /slow/page"), std::string::npos) << fibers.body;
  EXPECT_NE(fibers.body.find("event"), std::string::npos) << fibers.body;

  go_on.Set();
  EXPECT_EQ(client->ReadResponse(Background())->body, "at last");
  const Error err = app.Join();
  EXPECT_FALSE(err) << err.Message();
  EXPECT_EQ(Fetch(debug.Bound(), "/debug/fibers").status, 200);
}

TEST(DrainUnderLoad, NamesAndWaitsForAHandlerThatIgnoresItsContext) {
  struct Names final : Observer {
    void OnHandlerStuck(const HandlerStuck& event) override {
      name = event.fiber;
      told.Set();
    }
    std::string name;
    Event told;
  } names;
  ServerOptions options = Tcp();
  options.observer = &names;
  options.drain_timeout = Duration::zero();
  options.cancel_grace = Duration::zero();
  Event inside;
  Event go_on;
  TestServer server(
      Background(),
      [&](ResponseWriter& w, Request&) -> Error {
        inside.Set();
        if (Error err = go_on.Wait(Background())) return err;  // not the request's
        return w.Write("too late");
      },
      options);
  Result<TestClient> client = server.Connect(Background());
  ASSERT_TRUE(client.Ok());
  ASSERT_FALSE(client->Send(Background(), "GET /stubborn HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_FALSE(inside.Wait(Background()));

  server.BeginDrain();
  ASSERT_FALSE(names.told.Wait(Background()));
  EXPECT_EQ(names.name, "GET /stubborn");
  go_on.Set();

  const Error err = server.Join();
  EXPECT_TRUE(err.Is(kServerClosing)) << err.Message();
  EXPECT_NE(err.Message().find("GET /stubborn"), std::string::npos) << err.Message();
}

}  // namespace
}  // namespace weft
