// SPDX-License-Identifier: Apache-2.0
#include <weft/server/test_network.h>

#include <gtest/gtest.h>

#include <string>

#include <weft/clients/http/http_client.h>
#include <weft/clients/retry.h>
#include <weft/concurrency/testing.h>

#include "http_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kUsers = "http://users.internal";

template <class F>
void InNetwork(F f) {
  const Error err = RunTest([&](const Context& ctx) -> Error {
    TestNetwork network(ctx);
    network.Serve(kUsers, [](ResponseWriter& w, Request& r) -> Error {
      const Result<std::string> body = r.Body().ReadAll();
      if (Error failed = body.Err()) return failed;
      return w.Write(std::string(r.Host()) + std::string(r.Path()) + *body);
    });
    HttpClient client(network.ClientOptions());
    f(ctx, network, client);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(TestNetwork, ServersHaveTheirNames) {
  InNetwork([](const Context& ctx, TestNetwork& network, HttpClient& client) {
    network.Serve("http://orders.internal:8080", [](ResponseWriter& w, Request&) { return w.Write("orders"); });
    EXPECT_EQ(*GetAll(ctx, client, "http://users.internal/u/1"), "users.internal/u/1");
    EXPECT_EQ(*GetAll(ctx, client, "http://orders.internal:8080/"), "orders");
    ExpectFailure(GetAll(ctx, client, "http://nobody.internal/").Err(), ClientFailure::kResolve, false);
    EXPECT_EQ(*client.Post(ctx, "http://users.internal/p", "text/plain", "!")->ReadAll(ctx), "users.internal/p!");
  });
}

TEST(TestNetwork, Refuses) {
  InNetwork([](const Context& ctx, TestNetwork& network, HttpClient& client) {
    EXPECT_TRUE(GetAll(ctx, client, kUsers).Ok());
    network.Refuse(kUsers);
    ExpectFailure(GetAll(ctx, client, kUsers).Err(), ClientFailure::kRefused, false);
    network.Heal(kUsers);
    EXPECT_TRUE(GetAll(ctx, client, kUsers).Ok());
  });
}

// At each byte of a response.
TEST(TestNetwork, Resets) {
  InNetwork([](const Context& ctx, TestNetwork& network, HttpClient& client) {
    int failed = 0;
    for (std::uint64_t after = 0;; ++after) {
      network.Reset(kUsers, after);
      const Result<std::string> body = GetAll(ctx, client, kUsers);
      if (body.Ok()) {
        EXPECT_EQ(*body, "users.internal/");
        break;
      }
      ++failed;
      ExpectFailure(body.Err(), ClientFailure::kReset, true);
      EXPECT_TRUE(body.Err().Is(std::errc::connection_reset));
    }
    EXPECT_GT(failed, 80);
  });
}

TEST(TestNetwork, StallsUntilItIsHealed) {
  InNetwork([](const Context& ctx, TestNetwork& network, HttpClient& client) {
    network.Stall(kUsers);
    const TimePoint before = Now();
    const Error err = GetAll(ctx, client, kUsers).Err();
    EXPECT_TRUE(err.Is(kUpstreamTimeout)) << err.Message();
    EXPECT_EQ(Now() - before, 30s);
    network.Heal(kUsers);
    EXPECT_TRUE(GetAll(ctx, client, kUsers).Ok());
  });
}

TEST(TestNetwork, Delays) {
  InNetwork([](const Context& ctx, TestNetwork& network, HttpClient& client) {
    network.Delay(kUsers, 200ms);
    const TimePoint before = Now();
    EXPECT_TRUE(GetAll(ctx, client, kUsers).Ok());
    EXPECT_EQ(Now() - before, 400ms);
    EXPECT_TRUE(GetAll(ctx, client, kUsers).Ok());
    EXPECT_EQ(Now() - before, 600ms);
    const CancelScope limit = WithTimeout(ctx, 100ms);
    EXPECT_TRUE(GetAll(limit.ctx, client, kUsers).Err().Is(kDeadlineExceeded));
  });
}

TEST(TestNetwork, ARetryComesThrough) {
  InNetwork([](const Context& ctx, TestNetwork& network, HttpClient& client) {
    network.Refuse(kUsers);
    int calls = 0;
    const Result<std::string> body = Retry(ctx, {.retry_if = NotProcessed}, [&](const Context& c) {
      if (++calls == 3) network.Heal(kUsers);
      return GetAll(c, client, kUsers);
    });
    EXPECT_TRUE(body.Ok()) << body.Err().Message();
    EXPECT_EQ(calls, 3);
  });
}

TEST(TestServer, HasAClientOfItsOwn) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, [](ResponseWriter& w, Request& r) { return w.Write(r.Path()); });
    EXPECT_EQ(*server.Client().Get(ctx, server.Url("/hello"))->ReadAll(ctx), "/hello");
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

}  // namespace
}  // namespace weft
