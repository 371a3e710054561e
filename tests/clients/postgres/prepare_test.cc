// SPDX-License-Identifier: Apache-2.0
//
// What is prepared, under which names, and what is found out before a statement has an effect.
#include <sys/resource.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/clients/postgres/internal/statement_name.h>

#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresPrepareTest : public PostgresTest {
 protected:
  static PoolOptions OneConnection(std::uint32_t statements_max = 3) {
    PoolOptions options = Options();
    options.connections_max = 1;
    options.statements_max = statements_max;
    return options;
  }
  static std::int64_t CountOf(const Context& ctx, Statements& on, const std::string& from) {
    const Result<std::optional<std::int64_t>> count = on.QueryOne<std::int64_t>(ctx, "select count(*) from " + from);
    EXPECT_OK(count.Err());
    return count.Ok() ? count->value_or(-1) : -1;
  }
  static int OccurrencesInLog(std::string_view text) {
    const std::string log = Server().Log();
    int count = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
    return count;
  }
};

TEST_F(PostgresPrepareTest, ANameIsAHashOfTheText) {
  EXPECT_EQ(internal::StatementName(""), "weft_a3817f04ba25a8e66df67214c7550293") << "SipHash's own example";
  EXPECT_EQ(internal::StatementName(std::string("\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16", 15)), "weft_5493e99933b0a8117e08ec0f97cfc3d9");
  EXPECT_NE(internal::StatementName("select 1"), internal::StatementName("select 2"));
}

TEST_F(PostgresPrepareTest, ATransactionOfManyStatementsKeepsNoMoreThanItMay) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(OneConnection());
    EXPECT_OK(db.Execute(ctx, "set log_statement to 'all'").Err());
    const int before = OccurrencesInLog("statement: deallocate");
    EXPECT_OK(db.InTransaction(ctx, [](const Context& c, Transaction& tx) -> Error {
      for (int i = 0; i < 50; ++i) {
        const Result<std::optional<std::int32_t>> back = tx.QueryOne<std::int32_t>(c, "select $1::integer + " + std::to_string(i), i);
        if (Error err = back.Err()) return err;
        EXPECT_EQ(**back, 2 * i);
      }
      EXPECT_LE(CountOf(c, tx, "pg_prepared_statements"), 3);
      return {};
    }));
    EXPECT_OK(db.Ping(ctx));
    EXPECT_LE(OccurrencesInLog("statement: deallocate") - before, 1) << "the next caller does not pay for it";
  });
}

// A program that does everything in transactions: what it uses today takes the place of what it used first.
TEST_F(PostgresPrepareTest, BetweenTransactionsRoomIsMade) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(OneConnection());
    const auto run = [&](const std::string& sql, std::int64_t prepared) {
      EXPECT_OK(db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
        if (Error err = tx.Execute(c, sql).Err()) return err;
        EXPECT_EQ(CountOf(c, tx, "pg_prepared_statements where statement = '" + sql + "'"), prepared) << sql;
        return {};
      }));
    };
    for (int i = 0; i < 3; ++i) EXPECT_OK(db.Execute(ctx, "select " + std::to_string(i)).Err());
    run("select 9", 0);
    run("select 9", 1);
  });
}

// The procedure has committed when it fails, with a code that a stale statement has as well.
TEST_F(PostgresPrepareTest, AProcedureIsNotRunTwice) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(OneConnection());
    EXPECT_OK(db.Execute(ctx, "create table calls (n integer)").Err());
    std::int64_t calls = 0;
    for (const std::string state : {"0A000", "26000"}) {
      const std::string name = "fails_" + state;
      EXPECT_OK(db.Execute(ctx, "create procedure " + name + "() language plpgsql as $$ begin insert into calls values (1); commit; "
                                "raise exception 'no' using errcode = '" + state + "'; end $$").Err());
      for (int i = 0; i < 2; ++i) {
        const Error err = db.Execute(ctx, "call " + name + "()").Err();
        EXPECT_TRUE(IsSqlState(err, state)) << err.Message();
        EXPECT_EQ(CountOf(ctx, db, "calls"), ++calls) << state;
      }
    }
  });
}

TEST_F(PostgresPrepareTest, AZeroByteIsRefusedAndNotTheEndOfTheStatement) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(OneConnection());
    EXPECT_OK(db.Execute(ctx, "create table kept_whole as select 1 as n").Err());
    const auto says = [](const Error& err) { EXPECT_NE(err.Message().find("zero byte"), std::string::npos) << err.Message(); };
    using std::string_view_literals::operator""sv;
    says(db.Execute(ctx, "delete from kept_whole\0 where n = 7"sv).Err());
    says(db.CopyOut(ctx, "copy kept_whole to stdout\0 csv"sv, [](std::string_view) { ADD_FAILURE(); }));
    says(db.CopyIn(ctx, "copy kept_whole from stdin\0 csv"sv, [](CopyWriter&) -> Error { return {}; }).Err());
    PoolOptions unprepared = OneConnection();
    unprepared.prepare = false;
    Pool other(unprepared);
    says(other.Execute(ctx, "delete from kept_whole\0 where n = 7"sv).Err());
    EXPECT_EQ(CountOf(ctx, db, "kept_whole"), 1);
  });
}

TEST_F(PostgresPrepareTest, TypesAreCheckedBeforeAStatementHasAnEffect) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(OneConnection(20));
    EXPECT_OK(db.Execute(ctx, "create table typed (id bigserial, v text)").Err());
    const char* insert = "insert into typed (v) values ('a') returning id";
    const Error err = db.QueryOne<std::int32_t>(ctx, insert).Err();
    EXPECT_NE(err.Message().find("column \"id\" is bigint, but integer is requested"), std::string::npos) << err.Message();
    EXPECT_NE(db.Query<std::int64_t>(ctx, "insert into typed (v) values ('a')").Err().Message().find("returns 0 columns"), std::string::npos);
    EXPECT_EQ(CountOf(ctx, db, "typed"), 0);
    EXPECT_OK(db.QueryOne<std::int64_t>(ctx, insert).Err());
    EXPECT_TRUE(static_cast<bool>(db.QueryOne<std::int32_t>(ctx, insert).Err())) << "it is prepared already";
    EXPECT_OK(db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
      EXPECT_TRUE(static_cast<bool>(tx.QueryOne<std::int32_t>(c, insert).Err()));
      return tx.QueryOne<std::int64_t>(c, insert).Err();
    })) << "it does not spoil the transaction";
    EXPECT_EQ(CountOf(ctx, db, "typed"), 2);
  });
}

TEST_F(PostgresPrepareTest, ColumnsThatHaveChangedAreAskedForAgain) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(OneConnection(20));
    EXPECT_OK(db.Execute(ctx, "create table shrinking as select 1::bigint as n").Err());
    EXPECT_EQ(db.Query<std::int64_t>(ctx, "select * from shrinking")->size(), 1u);
    EXPECT_OK(db.Execute(ctx, "alter table shrinking alter n type integer").Err());
    const Result<std::vector<std::int32_t>> rows = db.Query<std::int32_t>(ctx, "select * from shrinking");
    EXPECT_OK(rows.Err());
  });
}

// What they return is declared elsewhere, under a name that may mean something else by then.
TEST_F(PostgresPrepareTest, DoesNotPrepareStatementsWithColumnsOfAnother) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(OneConnection(20));
    EXPECT_OK(db.InTransaction(ctx, [](const Context& c, Transaction& tx) -> Error {
      EXPECT_OK(tx.Execute(c, "declare a_cursor cursor for select 1::integer").Err());
      EXPECT_OK(tx.Execute(c, "prepare named as select 1::integer").Err());
      EXPECT_EQ(*tx.QueryOne<std::int32_t>(c, "fetch a_cursor"), 1);
      EXPECT_EQ(*tx.QueryOne<std::int32_t>(c, "execute named"), 1);
      return tx.Execute(c, "deallocate named").Err();
    }));
    EXPECT_OK(db.InTransaction(ctx, [](const Context& c, Transaction& tx) -> Error {
      EXPECT_OK(tx.Execute(c, "declare a_cursor cursor for select 'text'::text").Err());
      EXPECT_OK(tx.Execute(c, "prepare named as select 'text'::text").Err());
      const auto fetched = tx.QueryOne<std::string>(c, "fetch a_cursor"), run = tx.QueryOne<std::string>(c, "execute named");
      EXPECT_OK(fetched.Err());
      EXPECT_OK(run.Err());
      return {};
    }));
    for (const char* sql : {"select 1", "\n -- one\n/* two /* three */ */ (SELECT 1)", "with a as (select 1) select * from a", "values (1)"}) {
      EXPECT_OK(db.Execute(ctx, sql).Err()) << sql;
      EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from pg_prepared_statements where statement = $1", sql), 1) << sql;
    }
  });
}

// More rows than anybody has memory for.
TEST_F(PostgresPrepareTest, RowsThatNobodyTakesAreNotKept) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = OneConnection();
    options.cancel_grace = 30s;
    Pool db(options);
    const Error err = db.QueryOne<std::int64_t>(ctx, "select generate_series(1, 1000000000000)").Err();
    EXPECT_NE(err.Message().find("several rows"), std::string::npos) << err.Message();
    EXPECT_EQ(db.Stats().closed, 0u);
    if (kSanitized) return;  // these keep what was freed
    rusage before{}, after{};
    getrusage(RUSAGE_SELF, &before);
    EXPECT_EQ(*db.Execute(ctx, "select repeat('x', 1000) from generate_series(1, 200000)"), 200000u);
    getrusage(RUSAGE_SELF, &after);
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 50'000) << "of 200 MB";
  });
}

}  // namespace
}  // namespace weft::postgres
