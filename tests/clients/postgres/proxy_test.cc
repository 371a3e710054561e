// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include "cut_kit.h"
#include "cutting_proxy.h"
#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresProxyTest : public PostgresTest {
 protected:
  static void Cut(const Context& ctx, bool server_side) {
    constexpr std::int64_t kReadyForQuery = 6;  // its bytes, after the last ones that matter
    CuttingProxy proxy(CuttingProxy::UnixAddress(Server().SocketPath()));
    CutEverywhere(proxy, {.conninfo = proxy.ConnInfo()}, Options(), kSanitized ? 31 : 3).Run(ctx, server_side, kReadyForQuery);
  }

  // Calls on so many connections, all of which are canceled at the same time, in the server.
  static void CancelAtOnce(const Context& ctx, Pool& db, std::int64_t calls) {
    Pool direct(Options());
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (std::int64_t i = 0; i < calls; ++i) {
      group.Go([&](const Context&) { EXPECT_TRUE(db.Execute(scope.ctx, "select pg_sleep(60)").Err().Is(kCanceled)); });
    }
    while (Sessions(ctx, direct, "active") != calls) Yield();
    scope.cancel();
    EXPECT_OK(group.Wait());
  }
};

TEST_F(PostgresProxyTest, ACutAtAnyByteOfTheServersIsAnErrorAndNoMore) {
  OnLoops(1, [](const Context& ctx) { Cut(ctx, true); });
}

TEST_F(PostgresProxyTest, ACutAtAnyByteOfTheClientsIsAnErrorAndNoMore) {
  OnLoops(1, [](const Context& ctx) { Cut(ctx, false); });
}

// The cancel's own connection breaks, or does not end, so nobody knows whether its signal is under way: the connection is not used again.
TEST_F(PostgresProxyTest, ACancelWhoseFateIsNotKnownCostsTheConnection) {
  OnLoops(1, [](const Context& ctx) {
    CuttingProxy proxy(CuttingProxy::UnixAddress(Server().SocketPath()));
    const auto cancel = [&](std::int64_t at, CuttingProxy::Cut how, Duration grace) {
      Pool db({.conninfo = proxy.ConnInfo(), .cancel_grace = grace});
      EXPECT_OK(db.Ping(ctx));
      proxy.CutNext(INT64_MAX, at, how);
      CancelAtOnce(ctx, db, 1);
      EXPECT_EQ(db.Stats().closed, 1u) << at;
      EXPECT_OK(db.Ping(ctx));
    };
    for (std::int64_t at = 1; at < 16; ++at) cancel(at, CuttingProxy::Cut::kReset, 50ms);
    cancel(INT64_MAX, CuttingProxy::Cut::kHold, 100ms);
  });
}

// It looks as if the server had closed it, having taken it. As it had no effect, another one is sent.
TEST_F(PostgresProxyTest, ACleanlyCutCancelIsSentAgain) {
  OnLoops(1, [](const Context& ctx) {
    CuttingProxy proxy(CuttingProxy::UnixAddress(Server().SocketPath()));
    Pool db({.conninfo = proxy.ConnInfo(), .cancel_grace = 30s}), direct(Options());
    EXPECT_OK(db.Ping(ctx));
    for (std::int64_t at = 1; at < 16; ++at) {
      proxy.CutNext(INT64_MAX, at);
      CancelAtOnce(ctx, db, 1);
      EXPECT_OK(db.Ping(ctx));
      EXPECT_EQ(Sessions(ctx, direct, "active"), 0);
    }
    EXPECT_EQ(db.Stats().opened, 1u);
  });
}

TEST_F(PostgresProxyTest, AtMostHalfOfThePoolCancelsAtATime) {
  OnLoops(1, [](const Context& ctx) {
    CuttingProxy proxy(CuttingProxy::UnixAddress(Server().SocketPath()));
    Pool db({.conninfo = proxy.ConnInfo(), .connections_max = 6, .cancel_grace = 1s});
    proxy.HoldCancels();
    CancelAtOnce(ctx, db, 6);
    EXPECT_EQ(proxy.MostCancels(), 3u);
  });
}

}  // namespace
}  // namespace weft::postgres
