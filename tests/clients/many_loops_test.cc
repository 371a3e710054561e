// SPDX-License-Identifier: Apache-2.0
//
// One client on several loops at once, over TCP: its limits are of the process, and connections that servers end at any moment lose no request
// without an Error and send none twice.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/run.h>
#include <weft/server/testing.h>

#include "http_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

TEST(HttpClientLoops, LimitsHoldForAllLoopsTogether) {
  const Error err = weft::Run(Background(), {.loops = 4}, [](const Context& ctx) -> Error {
    std::atomic<int> at_once{0};
    std::atomic<int> most{0};
    TestServer server(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      const int now = ++at_once;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      const Error slept = Sleep(r.Ctx(), 1ms);
      --at_once;
      return slept ? slept : w.Write("x");
    }, OnLoopback());
    HttpClient client({.requests_per_origin_max = 5, .idle_per_origin_max = 3});
    std::atomic<int> ok{0};
    {
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 40; ++i) {
        group.Go([&](const Context& c) -> Error {
          for (int j = 0; j < 20; ++j) {
            Result<ClientResponse> response = client.Get(c, server.Bound() + "/");
            if (Error failed = response.Err()) return failed;
            if (Error failed = response->ReadAll(c).Err()) return failed;
            ++ok;
          }
          return {};
        });
      }
      if (Error failed = group.Wait()) return failed;
    }
    EXPECT_EQ(ok, 800);
    EXPECT_LE(most, 5);
    for (int i = 0; i < 200 && client.Stats().idle > 3; ++i) static_cast<void>(Sleep(ctx, 1ms));
    EXPECT_LE(client.Stats().idle, 3u);
    EXPECT_EQ(client.Stats().in_use, 0u);
    EXPECT_EQ(client.Stats().waiting, 0u);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

// What another loop has asked this one for may be on its way when the client ends.
TEST(HttpClientLoops, AClientEndsWhileAnotherLoopWantsRoom) {
  const Error err = weft::Run(Background(), {.loops = 2}, [](const Context& ctx) -> Error {
    TestServer server(ctx, [](ResponseWriter& w, Request&) { return w.Write("x"); }, OnLoopback());
    const auto use = [&](const Context& c, HttpClient& client) -> Error {
      Result<ClientResponse> response = client.Get(c, server.Bound() + "/");
      if (Error failed = response.Err()) return failed;
      return response->ReadAll(c).Err();
    };
    for (int i = 0; i < 5; ++i) {
      auto client = std::make_unique<HttpClient>(HttpClientOptions{.idle_per_origin_max = 1});
      if (Error failed = use(ctx, *client)) return failed;
      Loop* const here = Loop::Current();
      std::atomic<int> used{0};
      Group group(ctx, {.spread = true});
      for (int k = 0; k < 2; ++k) {
        group.Go([&](const Context& c) -> Error {
          if (Loop::Current() == here) return {};
          const Error failed = use(c, *client);
          ++used;
          return failed;
        });
      }
      // The loop of this fiber does not turn, so what it is asked for waits.
      for (const auto until = std::chrono::steady_clock::now() + 2s; used == 0 && std::chrono::steady_clock::now() < until;) std::this_thread::yield();
      if (used != 0) client.reset();
      if (Error failed = group.Wait()) return failed;
    }
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

// One of another scheduler is closed to make room, and one of a scheduler that ends meanwhile ends with it.
TEST(HttpClientLoops, TheLimitOfIdleConnectionsHoldsForAllSchedulers) {
  const Error err = weft::Run(Background(), {.loops = 1}, [](const Context& ctx) -> Error {
    TestServer server(ctx, [](ResponseWriter& w, Request&) { return w.Write("x"); }, OnLoopback());
    HttpClient client({.idle_per_origin_max = 1});
    const auto use = [&](const Context& c) -> Error {
      Result<ClientResponse> response = client.Get(c, server.Bound() + "/");
      if (Error failed = response.Err()) return failed;
      return response->ReadAll(c).Err();
    };
    Event kept;
    Event trimmed;
    Event left;
    std::thread other([&] {
      const Error failed = weft::Run(Background(), {.loops = 1}, [&](const Context& c) -> Error {
        if (Error used = use(c)) return used;
        kept.Set();
        return trimmed.Wait(c);
      });
      EXPECT_FALSE(failed) << failed.Message();
      left.Set();
    });
    EXPECT_FALSE(kept.Wait(ctx));
    EXPECT_FALSE(use(ctx));
    const CancelScope limit = WithTimeout(ctx, 60s);
    while (client.Stats().idle > 1 && !Sleep(limit.ctx, 1ms)) {
    }
    EXPECT_EQ(client.Stats().idle, 1u);
    trimmed.Set();
    EXPECT_FALSE(left.Wait(ctx));
    other.join();
    for (int i = 0; i < 200; ++i) {
      const CancelScope round = WithTimeout(ctx, 60s);
      Event ended;
      std::thread ends([&] {
        EXPECT_FALSE(weft::Run(Background(), {.loops = 2}, use));
        ended.Set();
      });
      EXPECT_FALSE(use(ctx));
      EXPECT_FALSE(ended.Wait(ctx));
      ends.join();
      while (client.Stats().idle > 1) {
        if (Error late = Sleep(round.ctx, std::chrono::microseconds(100))) return late;
      }
    }
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

// The server ends kept connections after a time at which the client often just uses them.
TEST(HttpClientLoops, IdleConnectionsThatEndAtAnyMoment) {
  const Error err = weft::Run(Background(), {.loops = 3}, [](const Context& ctx) -> Error {
    std::mutex lock;
    std::multiset<std::string> seen;
    ServerOptions options = OnLoopback();
    options.idle_timeout = 2ms;
    options.requests_per_connection_max = 7;
    TestServer server(ctx, [&](ResponseWriter& w, Request& r) {
      {
        const std::lock_guard hold(lock);
        seen.emplace(r.Path());
      }
      return w.Write(r.Path());
    }, options);
    HttpClient client;
    std::atomic<int> failed{0};
    std::atomic<int> wrong{0};
    std::mutex done_lock;
    std::multiset<std::string> done;
    {
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 12; ++i) {
        group.Go([&, i](const Context& c) {
          for (int j = 0; j < 200; ++j) {
            const std::string path = "/" + std::to_string(i) + "/" + std::to_string(j);
            const ClientRequest request(j % 2 == 0 ? "POST" : "GET", server.Bound() + path);
            Result<ClientResponse> response = client.Do(c, request);
            const Result<std::string> body = response.Ok() ? response->ReadAll(c) : Result<std::string>(response.Err());
            if (body.Ok()) {
              if (*body != path) ++wrong;
              const std::lock_guard hold(done_lock);
              done.insert(path);
            } else {
              ++failed;
              if (body.Err().As<ClientFailure>() == nullptr) ++wrong;
            }
            if (j % 3 == 0) static_cast<void>(Sleep(c, std::chrono::microseconds(1500 + (i * 131 + j * 97) % 1000)));
          }
        });
      }
      if (Error joined = group.Wait()) return joined;
    }
    EXPECT_EQ(wrong, 0);
    // POST was sent at most once, and what was done was seen.
    for (const std::string& path : done) EXPECT_GE(seen.count(path), 1u) << path;
    for (const std::string& path : std::set<std::string>(seen.begin(), seen.end())) {
      const int number = std::stoi(path.substr(path.rfind('/') + 1));
      EXPECT_LE(seen.count(path), number % 2 == 0 ? 1u : 2u) << path;
    }
    EXPECT_EQ(done.size() + static_cast<std::size_t>(failed), 2400u);  // none is lost
    EXPECT_EQ(client.Stats().in_use, 0u);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClientLoops, AClientOutlivesItsLoops) {
  HttpClient client;
  for (int i = 0; i < 3; ++i) {
    const Error err = weft::Run(Background(), {.loops = 2}, [&](const Context& ctx) -> Error {
      TestServer server(ctx, [](ResponseWriter& w, Request&) { return w.Write("x"); }, OnLoopback());
      Result<ClientResponse> response = client.Get(ctx, server.Bound());
      if (Error failed = response.Err()) return failed;
      return response->ReadAll(ctx).Err();
    });
    EXPECT_FALSE(err) << err.Message();
    EXPECT_EQ(client.Stats().idle, 0u);
  }
}

TEST(HttpClientLoops, AsksBeforeItConnects) {
  const Error err = weft::Run(Background(), {.loops = 1}, [&](const Context& ctx) -> Error {
    TestServer server(ctx, [](ResponseWriter& w, Request&) { return w.Write("x"); }, OnLoopback());
    HttpClient careful({.allow = [](const Address& address) { return address.host == "127.0.0.1" || address.host == "::1" ? Error::New("private") : Error(); }});
    const std::string port = server.Bound().substr(server.Bound().rfind(':'));
    for (const std::string& url : {server.Bound(), "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, std::string("http+unix://%2Ftmp%2Fx/")}) {
      const Error refused = careful.Get(ctx, url).Err();
      ExpectFailure(refused, ClientFailure::kRefused, false);
    }
    EXPECT_EQ(careful.Stats().opened, 0u);
    HttpClient client;
    EXPECT_EQ(*client.Get(ctx, "http://localhost" + port)->ReadAll(ctx), "x");
    EXPECT_FALSE(client.Warm(ctx, server.Bound()));
    EXPECT_EQ(client.Stats().idle, 2u);
    ExpectFailure(client.Get(ctx, "http://no-such-host.invalid/").Err(), ClientFailure::kResolve, false);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(HttpClientDeathTest, Misuse) {
  HttpClient client;
  EXPECT_DEATH(static_cast<void>(client.Get(Background(), "http://a/")), "HttpClient::Get.*weft::Run");
}

}  // namespace
}  // namespace weft
