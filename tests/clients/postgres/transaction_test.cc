// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <stdexcept>
#include <string>

#include <weft/concurrency/event.h>

#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresTransactionTest : public PostgresTest {
 protected:
  // Two accounts with 100 each.
  static void MakeAccounts(const Context& ctx, Pool& db) {
    EXPECT_OK(db.Execute(ctx, "drop table if exists accounts").Err());
    EXPECT_OK(db.Execute(ctx, "create table accounts (id integer primary key, cents bigint)").Err());
    EXPECT_OK(db.Execute(ctx, "insert into accounts values (1, 100), (2, 100)").Err());
  }
  static std::int64_t Cents(const Context& ctx, Pool& db, int id) {
    return db.QueryOne<std::int64_t>(ctx, "select cents from accounts where id = $1", id)->value_or(-1);
  }
};

TEST_F(PostgresTransactionTest, CommitsWithoutAnErrorAndRollsBackWithOne) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    MakeAccounts(ctx, db);
    const auto take = [&](const Error& verdict) {
      return db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
        if (Error err = tx.Execute(c, "update accounts set cents = cents - 10 where id = 1").Err()) return err;
        return verdict;
      });
    };
    EXPECT_OK(take({}));
    EXPECT_EQ(Cents(ctx, db, 1), 90);
    const Error no = Error::New("no");
    EXPECT_TRUE(take(no).Is(no));
    EXPECT_EQ(Cents(ctx, db, 1), 90);
  });
}

TEST_F(PostgresTransactionTest, AResultComesBackAndAnExceptionRollsBack) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    MakeAccounts(ctx, db);
    const Result<std::int64_t> sum = db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Result<std::int64_t> {
      const auto cents = tx.QueryOne<std::int64_t>(c, "select sum(cents)::bigint from accounts");
      if (Error err = cents.Err()) return err;
      return **cents;
    });
    EXPECT_EQ(*sum, 200);
    const auto thrower = [&](const Context& c, Transaction& tx) -> Error {
      EXPECT_OK(tx.Execute(c, "update accounts set cents = 0").Err());
      throw std::runtime_error("broken");
    };
    EXPECT_THROW((void)db.InTransaction(ctx, thrower), std::runtime_error);
    EXPECT_EQ(Cents(ctx, db, 1), 100);
    EXPECT_EQ(db.Stats().opened, 1u);
  });
}

TEST_F(PostgresTransactionTest, AnIgnoredFailureDoesNotLookLikeACommit) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    MakeAccounts(ctx, db);
    const Error err = db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
      EXPECT_OK(tx.Execute(c, "update accounts set cents = 0").Err());
      EXPECT_TRUE(IsSqlState(tx.Execute(c, "select 1/0").Err(), "22012"));
      return {};
    });
    EXPECT_NE(err.Message().find("was rolled back"), std::string::npos) << err.Message();
    EXPECT_EQ(Cents(ctx, db, 1), 100);
  });
}

// Each reads what the other writes: one of them has to run again.
TEST_F(PostgresTransactionTest, RunsAgainAfterASerializationFailure) {
  OnLoops(2, [](const Context& ctx) {
    Pool db(Options());
    MakeAccounts(ctx, db);
    std::atomic<int> runs{0};
    Event both;
    std::atomic<int> have_read{0};
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 2; ++f) {
      group.Go([&, f](const Context& c) {
        EXPECT_OK(db.InTransaction(c, [&](const Context& in, Transaction& tx) -> Error {
          ++runs;
          const auto sum = tx.QueryOne<std::int64_t>(in, "select sum(cents)::bigint from accounts");
          if (Error err = sum.Err()) return err;
          if (++have_read == 2) both.Set();
          if (Error err = both.Wait(in)) return err;
          return tx.Execute(in, "update accounts set cents = $2 where id = $1", f + 1, **sum).Err();
        }, {.isolation = Isolation::kSerializable, .attempts_max = 10}));
      });
    }
    EXPECT_OK(group.Wait());
    EXPECT_GE(runs, 3);
    EXPECT_EQ(Cents(ctx, db, 1) + Cents(ctx, db, 2), 500) << "as if one had come after the other";
  });
}

TEST_F(PostgresTransactionTest, WithOneAttemptTheFailureComesBack) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    MakeAccounts(ctx, db);
    const Error err = db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
      EXPECT_OK(tx.Query<std::int64_t>(c, "select cents from accounts").Err());
      EXPECT_OK(db.Execute(c, "update accounts set cents = cents + 1").Err());
      return tx.Execute(c, "update accounts set cents = cents + 1").Err();
    }, {.isolation = Isolation::kRepeatableRead});
    EXPECT_TRUE(IsSqlState(err, kSerializationFailure)) << err.Message();
    EXPECT_EQ(db.Stats().closed, 0u);
  });
}

TEST_F(PostgresTransactionTest, AReadOnlyOneWritesNothing) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    const Error err = db.InTransaction(ctx, [](const Context& c, Transaction& tx) { return tx.Execute(c, "create table never (n integer)").Err(); },
                                       {.read_only = true});
    EXPECT_TRUE(IsSqlState(err, "25006")) << err.Message();
  });
}

TEST_F(PostgresTransactionTest, AnEndedContextRollsBackAndLeavesNoLock) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    MakeAccounts(ctx, db);
    const CancelScope soon = WithTimeout(ctx, 50ms);
    const Error err = db.InTransaction(soon.ctx, [&](const Context& c, Transaction& tx) -> Error {
      EXPECT_OK(tx.Execute(c, "update accounts set cents = 0").Err());
      return tx.Execute(c, "select pg_sleep(60)").Err();
    });
    EXPECT_TRUE(err.Is(kDeadlineExceeded));
    EXPECT_EQ(Cents(ctx, db, 1), 100);
    EXPECT_EQ(Sessions(ctx, db, "idle in transaction"), 0);
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from pg_locks where relation = 'accounts'::regclass"), 0);

    const CancelScope scope = WithCancel(ctx);
    EXPECT_TRUE(db.InTransaction(scope.ctx, [&](const Context& c, Transaction& tx) -> Error {
                    EXPECT_OK(tx.Execute(c, "update accounts set cents = 0").Err());
                    scope.cancel();  // after the last statement: nothing is committed
                    return {};
                  }).Is(kCanceled));
    EXPECT_EQ(Cents(ctx, db, 1), 100);
    EXPECT_EQ(db.Stats().closed, 0u);
  });
}

// A deferred trigger makes COMMIT wait for a lock. The context ends in it, and the verdict is waited for.
TEST_F(PostgresTransactionTest, ACommitIsNotCanceled) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.cancel_grace = 30s;
    Pool db(options);
    EXPECT_OK(db.Execute(ctx, "create table slow (n integer)").Err());
    EXPECT_OK(db.Execute(ctx, "create function wait_on_commit() returns trigger language plpgsql as "
                              "$$ begin perform pg_advisory_xact_lock(2); return null; end $$").Err());
    EXPECT_OK(db.Execute(ctx, "create constraint trigger slow_commit after insert on slow deferrable initially deferred "
                              "for each row execute function wait_on_commit()").Err());
    // Under a scope that ends while the COMMIT waits; the lock is held until then, or until there is a verdict.
    const auto insert = [&](Pool& pool, bool until_verdict) {
      Error verdict;
      Event decided;
      const CancelScope scope = WithCancel(ctx);
      Group group(ctx);
      EXPECT_OK(db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
        EXPECT_OK(tx.Execute(c, "select pg_advisory_xact_lock(2)").Err());
        group.Go([&](const Context&) {
          verdict = pool.InTransaction(scope.ctx, [](const Context& in, Transaction& inner) { return inner.Execute(in, "insert into slow values (1)").Err(); });
          decided.Set();
        });
        while (*db.QueryOne<std::int64_t>(c, "select count(*) from pg_stat_activity where query = 'commit' and wait_event_type = 'Lock'") == 0) Yield();
        scope.cancel();
        return until_verdict ? decided.Wait(c) : Error();
      }));
      EXPECT_OK(group.Wait());
      return verdict;
    };
    EXPECT_OK(insert(db, false));
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from slow"), 1);

    PoolOptions hasty = Options();
    hasty.cancel_grace = 1ms;
    Pool other(hasty);
    const Error err = insert(other, true);
    ASSERT_NE(err.As<Failure>(), nullptr) << err.Message();
    EXPECT_TRUE(err.As<Failure>()->commit_unknown);
  });
}

TEST_F(PostgresTransactionTest, AnAbandonedCopyIsAnErrorOfItsCallerOnly) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.connections_max = 1;
    Pool db(options);
    EXPECT_OK(db.Execute(ctx, "create table kept (n integer)").Err());
    const auto row = [&](CopyWriter& to) { return to.Write(ctx, "1\n"); };
    const auto says = [](const Error& err) { EXPECT_NE(err.Message().find("left a transaction open"), std::string::npos) << err.Message(); };
    says(db.CopyOut(ctx, "copy (select 1) to stdout; begin", [](std::string_view) {}));
    EXPECT_EQ(*db.CopyIn(ctx, "copy kept from stdin", row), 1u);
    says(db.CopyIn(ctx, "copy kept from stdin; begin", row).Err());
    EXPECT_TRUE(db.CopyOut(ctx, "begin; copy (select 1) to stdout", [](std::string_view) {}));
    EXPECT_THROW((void)db.CopyOut(ctx, "copy (select 1) to stdout; begin", [](std::string_view) { throw std::runtime_error("broken"); }), std::exception);
    EXPECT_EQ(*db.CopyIn(ctx, "copy kept from stdin", row), 1u);
    EXPECT_GE(*db.QueryOne<std::int64_t>(ctx, "select count(*) from kept"), 2);
  });
}

TEST_F(PostgresTransactionTest, CopyGoesBothWays) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    EXPECT_OK(db.Execute(ctx, "create table texts (n integer, t text)").Err());
    const std::string odd = "a\tb\\c\nd\r\"";
    const Error err = db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
      const Result<std::uint64_t> rows = tx.CopyIn(c, "copy texts (n, t) from stdin", [&](CopyWriter& to) -> Error {
        for (int n = 0; n < 1000; ++n) {
          if (Error e = to.WriteRow(c, n, n % 2 == 0 ? std::optional<std::string>(odd) : std::nullopt)) return e;
        }
        return {};
      });
      EXPECT_EQ(*rows, 1000u);
      return rows.Err();
    });
    EXPECT_OK(err);
    EXPECT_EQ(*db.QueryOne<std::string>(ctx, "select t from texts where n = 2"), odd);
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from texts where t is null"), 500);
    int rows = 0;
    EXPECT_OK(db.CopyOut(ctx, "copy texts to stdout", [&](std::string_view row) {
      EXPECT_EQ(row.back(), '\n');
      ++rows;
    }));
    EXPECT_EQ(rows, 1000);
    const Error no = Error::New("no");
    EXPECT_TRUE(db.CopyOut(ctx, "copy texts to stdout", [&](std::string_view) { return no; }).Is(no));
    EXPECT_TRUE(db.CopyIn(ctx, "copy texts from stdin", [&](CopyWriter&) { return no; }).Err().Is(no));
    const Error bad = db.CopyIn(ctx, "copy texts from stdin", [&](CopyWriter& to) { return to.Write(ctx, "not a number\tx\n"); }).Err();
    EXPECT_TRUE(IsSqlState(bad, "22P02")) << bad.Message();
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from texts"), 1000);
    EXPECT_EQ(db.Stats().opened, 1u);
  });
}

}  // namespace
}  // namespace weft::postgres
