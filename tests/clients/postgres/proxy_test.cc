// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <weft/net/client_failure.h>

#include "cutting_proxy.h"
#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresProxyTest : public PostgresTest {
 protected:
  // Connects, prepares, reads, writes in a transaction: the bytes of all of it are cut somewhere. `number` has six digits.
  static Error Everything(const Context& ctx, Pool& db, std::int64_t number) {
    const auto numbers = db.Query<std::int32_t>(ctx, "select generate_series(1, 3)");
    if (Error err = numbers.Err()) return err;
    EXPECT_EQ(*numbers, (std::vector<std::int32_t>{1, 2, 3}));
    return db.InTransaction(ctx, [&](const Context& c, Transaction& tx) { return tx.Execute(c, "insert into cut values ($1)", number).Err(); });
  }

  static void CutEverywhere(const Context& ctx, bool server_side) {
    constexpr std::int64_t kReadyForQuery = 6;  // its bytes
    CuttingProxy proxy(CuttingProxy::UnixAddress(Server().SocketPath()));
    Pool direct(Options());
    EXPECT_OK(direct.Execute(ctx, "drop table if exists cut").Err());
    EXPECT_OK(direct.Execute(ctx, "create table cut (n integer)").Err());
    constexpr std::int64_t kFirst = 100'000;
    std::int64_t all = 0;
    {
      Pool db({.conninfo = proxy.ConnInfo()});
      EXPECT_OK(Everything(ctx, db, kFirst));
      all = server_side ? proxy.FromServer() : proxy.FromClient();
    }
    ASSERT_GT(all, 200);
    int failed = 0;
    std::map<std::int64_t, bool> committed;  // as far as it is known
    constexpr std::int64_t kStep = kSanitized ? 7 : 1;
    int cuts = 0;
    // At the end, where the commit is decided, at each one.
    for (std::int64_t at = 1; at < all; at += at + kStep < all - 64 ? kStep : 1) {
      ++cuts;
      Pool db({.conninfo = proxy.ConnInfo()});
      proxy.CutNext(server_side ? at : INT64_MAX, server_side ? INT64_MAX : at);
      const Error err = Everything(ctx, db, kFirst + at);
      const auto* failure = err.As<Failure>();
      if (failure == nullptr || !failure->commit_unknown) committed[kFirst + at] = !err;
      if (server_side && at >= all - kReadyForQuery) {
        EXPECT_OK(err) << at << ": the server has said that it has committed";
      }
      if (err) {
        ++failed;
        EXPECT_TRUE(err.Is(kUnavailable)) << at << ": " << err.Message();
        EXPECT_NE(err.As<ClientFailure>(), nullptr) << at << ": " << err.Message();
        EXPECT_EQ(db.Stats().open, 0u) << at;
      }
      if (cuts % 32 != 0) continue;
      // No cut makes the pool useless; the gate may ask for a moment.
      Error again = Everything(ctx, db, 1);
      for (int i = 0; again && i < 1000; ++i) {
        EXPECT_OK(Sleep(ctx, 1ms));
        again = Everything(ctx, db, 1);
      }
      EXPECT_OK(again);
    }
    EXPECT_GT(failed, cuts / 2);
    while (Sessions(ctx, direct, "active") + Sessions(ctx, direct, "idle in transaction") != 0) Yield();
    const Result<std::vector<std::int32_t>> rows = direct.Query<std::int32_t>(ctx, "select n from cut where n > $1", kFirst);
    ASSERT_TRUE(rows.Ok()) << rows.Err().Message();
    std::map<std::int64_t, bool> there;
    for (const std::int32_t n : *rows) there[n] = true;
    for (const auto& [number, is] : committed) EXPECT_EQ(there.count(number) != 0, is) << number - kFirst;
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
  OnLoops(1, [](const Context& ctx) { CutEverywhere(ctx, true); });
}

TEST_F(PostgresProxyTest, ACutAtAnyByteOfTheClientsIsAnErrorAndNoMore) {
  OnLoops(1, [](const Context& ctx) { CutEverywhere(ctx, false); });
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
TEST_F(PostgresProxyTest, ACancelThatIsCutInGoodOrderIsSentAgain) {
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

TEST_F(PostgresProxyTest, NoMoreThanHalfOfThePoolCancelsAtATime) {
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
