// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <set>
#include <string>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/server/listen_and_serve.h>

#include "kit.h"

namespace weft {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kStarts = 100;
#else
constexpr int kStarts = 1000;
#endif

TEST(Lifecycle, NothingIsLeftAfterListenAndServe) {
  // The first one makes what the process keeps: the registry, locale data, the logger.
  { TestServer first(Background(), [](ResponseWriter& w, Request&) { return w.Write("x"); }, Tcp()); }
  const int threads = Threads();
  const int descriptors = Descriptors();

  {
    TestServer server(Background(), [](ResponseWriter& w, Request&) { return w.Write("x"); }, Tcp(2));
    std::vector<TestClient> clients;
    for (int i = 0; i < 20; ++i) {
      Result<TestClient> client = server.Connect(Background());
      ASSERT_TRUE(client.Ok());
      EXPECT_EQ(client->Get(Background(), "/")->status, 200);
      clients.push_back(*std::move(client));
    }
    EXPECT_GT(Descriptors(), descriptors);
    const Error err = server.Stop();
    EXPECT_FALSE(err) << err.Message();
  }

  EXPECT_TRUE(ListFibers().empty()) << FormatFiberTree(ListFibers());
  EXPECT_EQ(Threads(), threads);
  EXPECT_EQ(Descriptors(), descriptors);
}

TEST(Lifecycle, StartsAndStopsManyTimesInOneProcess) {
  const int descriptors = Descriptors();

  for (int i = 0; i < kStarts; ++i) {
    TestServer server(Background(), [](ResponseWriter& w, Request&) { return w.Write("x"); }, Tcp());
    ASSERT_EQ(Fetch(server.Bound(), "/").status, 200) << "start " << i;
    const Error err = server.Stop();
    ASSERT_FALSE(err) << err.Message();
  }

  EXPECT_EQ(Descriptors(), descriptors);
  EXPECT_TRUE(ListFibers().empty());
}

TEST(Lifecycle, SpreadsConnectionsEvenlyOverTheLoops) {
  constexpr int kConnections = 40;
  std::atomic<int> on_loop[2] = {0, 0};
  TestServer server(
      Background(),
      [&](ResponseWriter& w, Request&) {
        on_loop[Loop::Current()->Index()].fetch_add(1);
        return w.Write("x");
      },
      Tcp(2));

  std::vector<TestClient> clients;
  for (int i = 0; i < kConnections; ++i) {
    Result<TestClient> client = server.Connect(Background());
    ASSERT_TRUE(client.Ok());
    EXPECT_EQ(client->Get(Background(), "/")->status, 200);
    clients.push_back(*std::move(client));
  }

  EXPECT_EQ(on_loop[0].load(), kConnections / 2);
  EXPECT_EQ(on_loop[1].load(), kConnections / 2);
}

TEST(Lifecycle, AFailingServerEndsItsSiblings) {
  TestServer taken(Background(), [](ResponseWriter& w, Request&) { return w.Write("x"); }, Tcp());
  const std::string port = taken.Bound().substr(taken.Bound().rfind(':'));
  Event first_listens;
  ServerOptions first = Tcp();
  first.on_listen = [&](std::string_view) { first_listens.Set(); };
  ServerOptions second = Tcp();
  second.address = "127.0.0.1" + port;
  bool worker_ended = false;

  Group group(Background());
  group.Go("first", [&](const Context& ctx) {
    return ListenAndServe(ctx, first, [](ResponseWriter& w, Request&) { return w.Write("x"); });
  });
  group.Go("worker", [&](const Context& ctx) {
    const Error end = ctx.Wait();
    worker_ended = true;
    return end;
  });
  group.Go("second", [&](const Context& ctx) -> Error {
    if (Error err = first_listens.Wait(ctx)) return err;
    return ListenAndServe(ctx, second, [](ResponseWriter& w, Request&) { return w.Write("x"); });
  });
  const Error err = group.Wait();

  EXPECT_TRUE(err.Is(Error(std::errc::address_in_use))) << err.Message();
  EXPECT_EQ(err.Message(), "listen on 127.0.0.1" + port + ": Address already in use");
  EXPECT_TRUE(worker_ended);
  EXPECT_EQ(group.Errors().size(), 1u);
}

TEST(Lifecycle, ManyRequestsParkAtOnce) {
#if defined(__SANITIZE_THREAD__)
  constexpr int kParked = 200;
#else
  constexpr int kParked = 2000;
#endif
  std::atomic<int> inside{0};
  Event all_inside;
  Event go_on;
  ServerOptions options = Tcp(2);
  TestServer server(
      Background(),
      [&](ResponseWriter& w, Request& r) -> Error {
        if (inside.fetch_add(1) + 1 == kParked) all_inside.Set();
        if (Error err = go_on.Wait(r.Ctx())) return err;
        return w.Write(r.Target());
      },
      options);

  std::vector<TestClient> clients;
  for (int i = 0; i < kParked; ++i) {
    Result<TestClient> client = server.Connect(Background());
    ASSERT_TRUE(client.Ok()) << client.Err().Message();
    ASSERT_FALSE(client->Send(Background(), "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n"));
    clients.push_back(*std::move(client));
  }
  ASSERT_FALSE(all_inside.Wait(Background()));
  go_on.Set();

  for (int i = 0; i < kParked; ++i) {
    Result<TestResponse> answer = clients[static_cast<std::size_t>(i)].ReadResponse(Background());
    ASSERT_TRUE(answer.Ok()) << answer.Err().Message();
    EXPECT_EQ(answer->body, "/" + std::to_string(i));
  }
}

}  // namespace
}  // namespace weft
