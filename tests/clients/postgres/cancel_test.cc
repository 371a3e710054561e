// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "any_call.h"
#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresCancelTest : public PostgresTest {};

TEST_F(PostgresCancelTest, ACallWhoseContextEndsStopsInTheServer) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    for (int i = 0; i < 5; ++i) {
      const CancelScope soon = WithTimeout(ctx, 20ms);
      EXPECT_TRUE(db.Execute(soon.ctx, "select pg_sleep(60)").Err().Is(kDeadlineExceeded));
      EXPECT_EQ(Sessions(ctx, db, "active"), 0);
    }
    EXPECT_EQ(db.Stats().opened, 1u) << "its connection is used again";
  });
}

TEST_F(PostgresCancelTest, AlsoOnPlainThreadsAndInVirtualTime) {
  {
    Pool db(Options());
    const CancelScope soon = WithTimeout(Background(), 20ms);
    EXPECT_TRUE(db.Execute(soon.ctx, "select pg_sleep(60)").Err().Is(kDeadlineExceeded));
    EXPECT_EQ(Sessions(Background(), db, "active"), 0);
    EXPECT_EQ(db.Stats().closed, 0u);
  }
  const Error err = RunTest([&](const Context& ctx) {
    Pool db(Options());
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(db.Execute(scope.ctx, "select pg_sleep(60)").Err().Is(kCanceled)); });
    while (Sessions(ctx, db, "active") == 0) Yield();
    scope.cancel();
    EXPECT_OK(group.Wait());
    EXPECT_EQ(Sessions(ctx, db, "active"), 0);
    EXPECT_EQ(db.Stats().closed, 0u);
  });
  EXPECT_OK(err);
}

TEST_F(PostgresCancelTest, UnderADoneContextNothingIsSent) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    EXPECT_OK(db.Execute(ctx, "create table done_context (n integer)").Err());
    const CancelScope scope = WithCancel(ctx);
    scope.cancel();
    EXPECT_TRUE(db.Execute(scope.ctx, "insert into done_context values (1)").Err().Is(kCanceled));
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from done_context"), 0);
  });
}

// The server writes, and nobody reads; or it waits for more of what nobody sends.
TEST_F(PostgresCancelTest, BothWaysOfACopyEnd) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    const CancelScope out = WithCancel(ctx);
    int rows = 0;
    const Error canceled = db.CopyOut(out.ctx, "copy (select generate_series(1, 1000000000000)) to stdout", [&](std::string_view) {
      if (++rows == 100'000) out.cancel();
    });
    EXPECT_TRUE(canceled.Is(kCanceled)) << canceled.Message();
    EXPECT_OK(db.Execute(ctx, "create table copied (n bigint)").Err());
    const Error err = db.CopyIn(ctx, "copied (n)", [](CopyWriter&) -> Error { return {}; }).Err();
    EXPECT_TRUE(IsSqlState(err, "42601")) << err.Message();
    const CancelScope in = WithCancel(ctx);
    const Error endless = db.CopyIn(in.ctx, "copy copied (n) from stdin", [&](CopyWriter& to) -> Error {
                              for (std::int64_t n = 0;; ++n) {
                                if (n == 100'000) in.cancel();
                                if (Error e = to.WriteRow(in.ctx, n)) return e;
                              }
                            }).Err();
    EXPECT_TRUE(endless.Is(kCanceled)) << endless.Message();
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from copied"), 0);
    EXPECT_EQ(db.Stats().opened, 1u);
  });
}

TEST_F(PostgresCancelTest, AnyCallMayEndAtAnyMoment) {
  Pool db(ForCallsThatEnd(Options()));
  OnLoops(2, [&](const Context& ctx) {
    CallsThatEndAtAnyMoment(ctx, db, Rounds(2000));
    EXPECT_EQ(Sessions(ctx, db, "active"), 0);
    EXPECT_EQ(Sessions(ctx, db, "idle in transaction"), 0);
    EXPECT_EQ(db.Stats().closed, 0u) << "each connection is used again";
  });
}

// Cancels name a connection, not a statement: one that comes late would hit somebody else's. WEFT_CANCELS says how many.
TEST_F(PostgresCancelTest, NoOtherQueryIsHit) {
  const char* wanted = std::getenv("WEFT_CANCELS");
  const int cancels = wanted != nullptr ? std::atoi(wanted) : Rounds(1000);
  Pool db([] {
    PoolOptions options = Options();
    options.connections_max = 16;  // so that nobody is canceled while it waits for one
    options.cancel_grace = 30s;
    return options;
  }());
  OnLoops(2, [&](const Context& ctx) {
    Warm(ctx, db, 16);
    std::atomic<int> canceled{0}, served{0};
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 8; ++f) {
      group.Go([&, f](const Context& c) {
        std::minstd_rand random(static_cast<unsigned>(f) + 1);
        while (canceled < cancels) {
          const CancelScope soon = WithTimeout(c, std::chrono::microseconds(100 + random() % 2000));
          if (db.Execute(soon.ctx, "select pg_sleep(10)").Err()) ++canceled;
        }
      });
      group.Go([&, f](const Context& c) {
        while (canceled < cancels) {
          const Result<std::optional<std::int32_t>> back = db.QueryOne<std::int32_t>(c, "select $1::integer from pg_sleep(0.0002)", f);
          ASSERT_TRUE(back.Ok()) << back.Err().Message();
          ASSERT_EQ(*back, f);
          ++served;
        }
      });
    }
    EXPECT_OK(group.Wait());
    EXPECT_GT(served, 0);
    EXPECT_EQ(Sessions(ctx, db, "active"), 0);
    EXPECT_EQ(db.Stats().opened, db.Stats().open) << "each connection was used again";
  });
}

}  // namespace
}  // namespace weft::postgres
