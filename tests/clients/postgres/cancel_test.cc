// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresCancelTest : public PostgresTest {};

bool IsEnd(const Error& err) { return err.Is(kDeadlineExceeded) || err.Is(kCanceled); }

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

// One call of some kind, under a context that ends at some moment, on an own connection or in a transaction.
class AnyCall {
 public:
  AnyCall(Pool& db, std::uint32_t seed) : db_(db), random_(seed), number_(static_cast<std::int32_t>(seed)) {}

  // It comes to its end, with the right value, or the context does.
  void operator()(const Context& ctx) {
    const std::uint32_t kind = random_() % 8;
    Error err;
    switch (kind) {
      case 0: err = One(ctx, db_, "select $1::integer"); break;
      case 1: err = One(ctx, db_, "select $1::integer from pg_sleep(0.002)"); break;
      case 2: err = One(ctx, db_, "select $1::integer + " + std::to_string(random_()) + " * 0"); break;  // prepared here
      case 3: err = db_.Execute(ctx, "select length($1::text)", std::string(3 << 20, 'x')).Err(); break;
      case 4: err = db_.ForEach<std::int32_t>(ctx, "select generate_series(1, 3000)", [](std::int32_t) {}); break;
      case 5: err = db_.CopyOut(ctx, "copy (select generate_series(1, 20000)) to stdout", [](std::string_view) {}); break;
      case 6:
        err = db_.CopyIn(ctx, "copy sink (n) from stdin", [&](CopyWriter& to) -> Error {
                     for (int n = 0; n < 2000; ++n) {
                       if (Error e = to.WriteRow(ctx, n)) return e;
                     }
                     return {};
                   }).Err();
        break;
      default:
        err = db_.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
          if (Error e = One(c, tx, "select $1::integer")) return e;
          if (Error e = tx.Execute(c, "insert into sink values (1)").Err()) return e;
          return One(c, tx, "select $1::integer from pg_sleep(0.001)");
        });
    }
    EXPECT_TRUE(!err || IsEnd(err)) << "kind " << kind << ": " << err.Message();
  }

 private:
  Error One(const Context& ctx, Statements& on, const std::string& sql) {
    const Result<std::optional<std::int32_t>> back = on.QueryOne<std::int32_t>(ctx, sql, number_);
    if (back.Ok()) {
      EXPECT_EQ(*back, number_) << sql;
    }
    return back.Err();
  }

  Pool& db_;
  std::minstd_rand random_;
  const std::int32_t number_;
};

// Seeds, each a call of some kind that is canceled at some moment. WEFT_CANCEL_SEEDS says how many.
TEST_F(PostgresCancelTest, AnyCallMayEndAtAnyMoment) {
  Pool db([] {
    PoolOptions options = Options();
    options.connections_max = 6;
    options.statements_max = 20;
    options.acquire_timeout = kUnlimited;
    options.cancel_grace = 30s;  // so that a slow machine closes none
    return options;
  }());
  OnLoops(2, [&](const Context& ctx) {
    EXPECT_OK(db.Execute(ctx, "create unlogged table sink (n integer)").Err());
    std::atomic<std::uint32_t> seed{1};
    const char* wanted = std::getenv("WEFT_CANCEL_SEEDS");
    const auto last = static_cast<std::uint32_t>(wanted != nullptr ? std::atoi(wanted) : Rounds(2000));
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 12; ++f) {
      group.Go([&](const Context& c) {
        for (std::uint32_t mine = seed++; mine <= last; mine = seed++) {
          const CancelScope soon = WithTimeout(c, std::chrono::microseconds(std::minstd_rand(mine * 7919)() % 4000));
          AnyCall call(db, mine);
          call(soon.ctx);
        }
      });
    }
    EXPECT_OK(group.Wait());
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
