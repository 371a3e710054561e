// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include <boost/describe/class.hpp>

#include <weft/net/client_failure.h>

#include "kit.h"

namespace weft::postgres {

namespace internal {
Error CheckSslMode(std::string_view mode, bool speaks_tls);
}

namespace {

struct Note {
  std::int64_t id = 0;
  std::optional<std::string> title;
};
BOOST_DESCRIBE_STRUCT(Note, (), (id, title))

class PostgresQueryTest : public PostgresTest {};

static_assert(!Decodable<std::int8_t> && !Decodable<std::uint8_t>, "PostgreSQL has no integer of one byte");
static_assert(Encodable<std::uint8_t> && Encodable<std::vector<std::uint8_t>>);

TEST_F(PostgresQueryTest, ReadsStructsTuplesAndSingleValues) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    EXPECT_OK(db.Execute(ctx, "create table notes (title text, id bigint primary key)").Err());
    EXPECT_EQ(*db.Execute(ctx, "insert into notes (id, title) values (1, $1), (2, $2)", "one", std::nullopt), 2u);

    const Result<std::vector<Note>> notes = db.Query<Note>(ctx, "select title, id from notes order by id");
    ASSERT_TRUE(notes.Ok()) << notes.Err().Message();
    ASSERT_EQ(notes->size(), 2u);
    EXPECT_EQ((*notes)[0].id, 1);
    EXPECT_EQ((*notes)[0].title, "one");
    EXPECT_EQ((*notes)[1].title, std::nullopt);

    using Pair = std::tuple<std::int64_t, std::optional<std::string>>;
    EXPECT_EQ(*db.Query<Pair>(ctx, "select id, title from notes where id = $1", 1), (std::vector<Pair>{{1, "one"}}));
    EXPECT_EQ(*db.QueryOne<std::string>(ctx, "select title from notes where id = $1", std::uint8_t{1}), "one");
    EXPECT_EQ(*db.QueryOne<std::string>(ctx, "select title from notes where id = 9"), std::nullopt);
    EXPECT_NE(db.QueryOne<std::int64_t>(ctx, "select id from notes").Err().Message().find("several rows"), std::string::npos);
  });
}

TEST_F(PostgresQueryTest, ValuesComeBackAsTheyWent) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    const auto same = [&]<class T>(const char* type, const T& value) {
      const Result<std::optional<T>> back = db.QueryOne<T>(ctx, std::string("select $1::") + type, value);
      ASSERT_TRUE(back.Ok()) << type << ": " << back.Err().Message();
      EXPECT_EQ(*back, value) << type;
    };
    for (const std::int64_t value : {std::numeric_limits<std::int64_t>::min(), std::int64_t{0}, std::numeric_limits<std::int64_t>::max()}) same("bigint", value);
    same("smallint", std::int16_t{-32768});
    same("integer", std::int32_t{2147483647});
    for (const double value : {0.1, -1e300, 5e-324, std::numeric_limits<double>::infinity()}) same("double precision", value);
    same("real", 0.1F);
    same("boolean", true);
    same("boolean", false);
    for (const char* text : {"", "NULL", "a\tb\\c\n'\"{}", "\xc3\xa9"}) same("text", std::string(text));
    same("numeric", Numeric{"12345678901234567890.123456789"});
    same("json", Json{R"({"a": [1, 2]})"});
    same("uuid", *Uuid::Parse("A0EEBC999c0b-4ef8-bb6d-6bb9bd380a11"));
    Bytes bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<std::byte>(i));
    same("bytea", bytes);
    same("bytea", Bytes());
    using namespace std::chrono;
    same("date", year_month_day(2024y / February / 29));
    for (const auto time : {microseconds::max(), microseconds::min(), sys_days(1y / 1 / 1).time_since_epoch() + 0us, microseconds(0), microseconds(-1), microseconds(1'732'912'345'678'901), microseconds(-2'208'988'800'000'001)}) {
      same("timestamptz", TimestampTz(time));
      same("timestamp", Timestamp(time));
    }
    same("bigint[]", std::vector<std::int64_t>{1, -2, 3});
    same("bigint[]", std::vector<std::int64_t>{});
    same("text[]", std::vector<std::string>{"", "NULL", "a,b", "\"\\{}", " x "});
    same("text[]", std::vector<std::optional<std::string>>{"a", std::nullopt, "NULL"});
    EXPECT_EQ(*db.QueryOne<bool>(ctx, "select $1::text[] = array['a', null]", std::vector<const char*>{"a", nullptr}), true);
    same("timestamptz[]", std::vector<TimestampTz>{TimestampTz(microseconds(7))});
    same("bytea[]", std::vector<Bytes>{bytes, {}});
    using Two = std::tuple<std::optional<std::string>, std::optional<std::int32_t>>;
    EXPECT_EQ(*db.QueryOne<Two>(ctx, "select $1::text, $2::integer", std::optional<std::string>(), std::optional<std::int32_t>(7)),
              (Two{std::nullopt, 7}));
  });
}

TEST_F(PostgresQueryTest, ArraysOfTypesThatCppLacksAreText) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    EXPECT_OK(db.Execute(ctx, "create type mood as enum ('sad', 'ok')").Err());
    using Texts = std::vector<std::string>;
    EXPECT_EQ(*db.QueryOne<Texts>(ctx, "select array['ok', 'sad']::mood[]"), (Texts{"ok", "sad"}));
    EXPECT_EQ(*db.QueryOne<Texts>(ctx, "select array['127.0.0.1']::inet[]"), (Texts{"127.0.0.1"}));
    EXPECT_EQ(*db.QueryOne<bool>(ctx, "select $1::smallint[] = '{1, 2}'", std::vector<std::uint8_t>{1, 2}), true);
  });
}

TEST_F(PostgresQueryTest, TimesOfAllZonesAreOneMoment) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    const TimestampTz moment(std::chrono::sys_days(std::chrono::year(1900) / 1 / 1) + 12h + 250ms);
    for (const char* zone : {"UTC", "Asia/Kolkata", "America/St_Johns", "Europe/Amsterdam"}) {
      const Error err = db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
        EXPECT_OK(tx.Execute(c, std::string("set local timezone to '") + zone + "'").Err());
        const Result<std::optional<TimestampTz>> back = tx.QueryOne<TimestampTz>(c, "select $1::timestamptz", moment);
        EXPECT_TRUE(back.Ok() && *back == moment) << zone << back.Err().Message();
        return {};
      });
      EXPECT_OK(err);
    }
  });
}

TEST_F(PostgresQueryTest, AMismatchIsAnErrorThatNamesIt) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    const auto says = [](const Error& err, const char* text) { EXPECT_NE(err.Message().find(text), std::string::npos) << err.Message(); };
    says(db.Query<std::int32_t>(ctx, "select 1::bigint as n").Err(), "column \"n\" is bigint, but integer is requested");
    says(db.Query<std::int64_t>(ctx, "select 'x' as n").Err(), "column \"n\" is text, but bigint is requested");
    says(db.Query<std::string>(ctx, "select 1 as n").Err(), "column \"n\" is integer, but text is requested");
    says(db.Query<std::int32_t>(ctx, "select null::integer as n").Err(), "column \"n\" is null: read it into a std::optional");
    says(db.Query<std::uint32_t>(ctx, "select -1 as n").Err(), "has a value that the type for integer cannot hold");
    says(db.Query<TimestampTz>(ctx, "select '10000-01-01'::timestamptz as t").Err(), "cannot hold");
    using namespace std::chrono;
    for (const auto time : {TimestampTz(sys_days(1y / 1 / 1)) - 1us, TimestampTz(sys_days(10000y / 1 / 1)), TimestampTz::max() - 1us}) {
      says(db.Execute(ctx, "select $1::timestamptz", time).Err(), "a time outside of the years 1 to 9999");
      says(db.Execute(ctx, "select $1::timestamptz[]", std::vector<TimestampTz>{time}).Err(), "a time outside of the years 1 to 9999");
    }
    says(db.Execute(ctx, "select $1::date", year_month_day(10000y / 1 / 1)).Err(), "a time outside of the years 1 to 9999");
    says((db.Query<std::tuple<std::int32_t, std::int32_t>>(ctx, "select 1").Err()), "returns 1 column, but 2 are requested");
    says(db.Query<Note>(ctx, "select 1::bigint as id").Err(), "returns no column \"title\"");
    says(db.Query<Note>(ctx, "select 1::bigint as id, '' as title, 2::bigint as id").Err(), "returns several columns \"id\"");
    says(db.Query<std::vector<std::string>>(ctx, "select '127.0.0.1'::inet as a").Err(), "cannot hold");
    says(db.Query<std::vector<std::string>>(ctx, "select '{}'::text as a").Err(), "is text, but array is requested");
    says(db.Query<std::int32_t>(ctx, "set work_mem to '4MB'").Err(), "returns 0 columns");
    says(db.Execute(ctx, "").Err(), "empty");
    says(db.Execute(ctx, "copy (select 1) to stdout").Err(), "CopyOut");
    says(db.Execute(ctx, "select $1::text", std::string("a\0b", 3)).Err(), "parameter $1 has a zero byte");
    says(db.Execute(ctx, "begin").Err(), "use InTransaction");
    EXPECT_OK(db.Ping(ctx));
    EXPECT_EQ(db.Stats().closed, 0u) << "none of this costs a connection";
  });
}

TEST_F(PostgresQueryTest, AFailureHasWhatTheServerSays) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    EXPECT_OK(db.Execute(ctx, "create table users (email text constraint users_email_key unique)").Err());
    EXPECT_OK(db.Execute(ctx, "insert into users values ('a')").Err());
    const Error err = db.Execute(ctx, "insert into users values ('a')").Err();
    const auto* failure = err.As<Failure>();
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->sqlstate, kUniqueViolation);
    EXPECT_EQ(failure->constraint, "users_email_key");
    EXPECT_EQ(failure->table, "users");
    EXPECT_NE(failure->detail.find("already exists"), std::string::npos);
    EXPECT_FALSE(failure->commit_unknown);
    EXPECT_EQ(err.As<ClientFailure>(), nullptr);
    EXPECT_FALSE(err.Is(kUnavailable));
    EXPECT_TRUE(IsSqlState(db.Query<std::int32_t>(ctx, "select 1/0").Err(), "22012"));
    EXPECT_TRUE(IsSqlState(db.Execute(ctx, "selekt").Err(), "42601"));
  });
}

TEST_F(PostgresQueryTest, StatementTimeoutIsAnUpstreamThatWasTooSlow) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.statement_timeout = 20ms;
    Pool db(options);
    const Error err = db.Execute(ctx, "select pg_sleep(60)").Err();
    EXPECT_TRUE(err.Is(kUpstreamTimeout)) << err.Message();
    EXPECT_TRUE(IsSqlState(err, "57014"));
    EXPECT_OK(db.Ping(ctx));
  });
}

TEST_F(PostgresQueryTest, ForEachGivesRowsAsTheyCome) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    std::int64_t sum = 0, rows = 0;
    EXPECT_OK(db.ForEach<std::int64_t>(ctx, "select n from generate_series(1, $1::bigint) n", [&](std::int64_t n) { sum += n; ++rows; }, 10000));
    EXPECT_EQ(rows, 10000);
    EXPECT_EQ(sum, 50005000);
    EXPECT_OK(db.ForEach<std::int64_t>(ctx, "select 1::bigint where false", [&](std::int64_t) { ADD_FAILURE(); }));
  });
}

// More rows than anybody has memory for: they end in the server.
TEST_F(PostgresQueryTest, ForEachEndsEarlyByAnErrorOrAnException) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    const char* endless = "select generate_series(1, 1000000000000) n";
    int rows = 0;
    const Error enough = Error::New("enough");
    EXPECT_TRUE(db.ForEach<std::int64_t>(ctx, endless, [&](std::int64_t) { return ++rows == 3 ? enough : Error(); }).Is(enough));
    EXPECT_EQ(rows, 3);
    const auto thrower = [](std::int64_t n) {
      if (n == 2) throw std::runtime_error("no more");
    };
    EXPECT_THROW((void)db.ForEach<std::int64_t>(ctx, endless, thrower), std::runtime_error);
    EXPECT_EQ(Sessions(ctx, db, "active"), 0);
    EXPECT_EQ(db.Stats().closed, 0u) << "the connection lives on";
    EXPECT_EQ(db.Stats().open, 1u);
  });
}

TEST_F(PostgresQueryTest, StatementsArePreparedByThemselvesAndAnew) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.connections_max = 1;
    options.statements_max = 3;
    Pool db(options);
    const auto prepared = [&] { return **db.QueryOne<std::int64_t>(ctx, "select count(*) from pg_prepared_statements"); };
    EXPECT_EQ(prepared(), 1);
    EXPECT_EQ(prepared(), 1);
    for (int i = 0; i < 10; ++i) EXPECT_OK(db.Execute(ctx, "select " + std::to_string(i)).Err());
    EXPECT_EQ(prepared(), 3) << "no more than statements_max";

    EXPECT_OK(db.Execute(ctx, "create table changing (a integer)").Err());
    EXPECT_OK(db.Execute(ctx, "insert into changing values (1)").Err());
    EXPECT_EQ(db.Query<std::int32_t>(ctx, "select * from changing")->size(), 1u);
    EXPECT_OK(db.Execute(ctx, "alter table changing alter a type bigint").Err());
    EXPECT_EQ(db.Query<std::int64_t>(ctx, "select * from changing")->size(), 1u) << "0A000: its columns have changed";
    EXPECT_OK(db.Execute(ctx, "discard all").Err());
    EXPECT_EQ(db.Query<std::int64_t>(ctx, "select * from changing")->size(), 1u) << "26000: it is not there any more";
    EXPECT_EQ(db.Stats().opened, 1u);
  });
}

// All that would be given up are gone already, also in a transaction, which that must not spoil.
TEST_F(PostgresQueryTest, AFullCacheThatTheServerHasForgottenIsNoError) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.connections_max = 1;
    options.statements_max = 3;
    Pool db(options);
    const auto forget = [&] {
      for (int i = 0; i < 3; ++i) EXPECT_OK(db.Execute(ctx, "select " + std::to_string(i)).Err());
      EXPECT_OK(db.Execute(ctx, "deallocate all").Err());
    };
    forget();
    for (int i = 3; i < 9; ++i) EXPECT_OK(db.Execute(ctx, "select " + std::to_string(i)).Err());
    forget();
    EXPECT_OK(db.InTransaction(ctx, [](const Context& c, Transaction& tx) -> Error {
      for (int i = 9; i < 19; ++i) {
        if (Error err = tx.Execute(c, "select " + std::to_string(i)).Err()) return err;
      }
      return {};
    }));
    EXPECT_LE(**db.QueryOne<std::int64_t>(ctx, "select count(*) from pg_prepared_statements"), 3);
    EXPECT_EQ(db.Stats().opened, 1u);
  });
}

// What was prepared in vain, because its columns have changed or its caller has left in the middle, does not pile up in the server.
TEST_F(PostgresQueryTest, NoStatementIsLeftBehind) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.connections_max = 1;
    options.statements_max = 3;
    options.cancel_grace = 30s;
    Pool db(options);
    EXPECT_OK(db.Execute(ctx, "create table left_behind (a integer)").Err());
    for (int i = 0; i < 10; ++i) {
      EXPECT_OK(db.Execute(ctx, "select * from left_behind").Err());
      EXPECT_OK(db.Execute(ctx, i % 2 == 0 ? "alter table left_behind alter a type bigint" : "alter table left_behind alter a type integer").Err());
    }
    EXPECT_EQ(**db.QueryOne<std::int64_t>(ctx, "select count(*) from pg_prepared_statements"), 2) << "the one with * and this one";

    for (int i = 0; i < Rounds(1000); ++i) {
      const CancelScope soon = WithTimeout(ctx, std::chrono::microseconds(i % 500));
      const Error err = db.Execute(soon.ctx, "select $1::integer + " + std::to_string(i), i).Err();
      EXPECT_TRUE(!err || err.Is(kDeadlineExceeded)) << err.Message();
    }
    EXPECT_LE(**db.QueryOne<std::int64_t>(ctx, "select count(*) + 0 from pg_prepared_statements"), 3);
    EXPECT_EQ(db.Stats().opened, 1u);
  });
}

TEST_F(PostgresQueryTest, ANullPointerToTextIsNull) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    const char* none = nullptr;
    const char* text = "text";
    EXPECT_EQ(*db.QueryOne<std::string>(ctx, "select coalesce($1, 'null') || coalesce($2, 'null')", none, text), "nulltext");
  });
}

TEST_F(PostgresQueryTest, WithoutPrepareTheServerKeepsNothing) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.prepare = false;
    Pool db(options);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(*db.QueryOne<std::int32_t>(ctx, "select $1::integer", i), i);
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from pg_prepared_statements"), 0);
  });
}

TEST_F(PostgresQueryTest, ServesLoopsAndPlainThreads) {
  Pool db(Options());
  EXPECT_EQ(*db.QueryOne<std::int32_t>(Background(), "select 1"), 1);
  std::thread thread([&] {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(*db.QueryOne<std::int32_t>(Background(), "select $1::integer", i), i);
  });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 32; ++f) {
      group.Go([&, f](const Context& c) {
        for (int i = 0; i < Rounds(50); ++i) {
          const Result<std::optional<std::int32_t>> back = db.QueryOne<std::int32_t>(c, "select $1::integer", f * 100 + i);
          ASSERT_TRUE(back.Ok()) << back.Err().Message();
          EXPECT_EQ(*back, f * 100 + i);
        }
      });
    }
    EXPECT_OK(group.Wait());
  });
  thread.join();
  EXPECT_LE(db.Stats().open, 16u);
  EXPECT_EQ(db.Stats().in_use, 0u);
}

TEST_F(PostgresQueryTest, VirtualTimeStandsStillWhileTheServerWorks) {
  const Error err = RunTest([](const Context& ctx) {
    Pool db(Options());
    const CancelScope soon = WithTimeout(ctx, 10ms);
    const TimePoint before = Now();
    EXPECT_OK(db.Execute(soon.ctx, "select pg_sleep(0.05)").Err());
    EXPECT_EQ(Now(), before);
  });
  EXPECT_OK(err);
}

TEST_F(PostgresQueryTest, BadOptionsFailEachCall) {
  Pool db({.conninfo = "host=a nonsense"});
  const Error err = db.Ping(Background());
  EXPECT_NE(err.Message().find("PoolOptions::conninfo"), std::string::npos) << err.Message();
}

TEST_F(PostgresQueryTest, ErrorsInAConnInfoDoNotShowThePassword) {
  for (const char* conninfo : {"postgres://u:tops%zzecret@h/d", "postgres://u:tops/ecret@h/d", "postgres://u:tops@ecret@h/d", "postgres://u:topsecret@[::1]x/d",
                               "postgres://u:topsecret@[::1/d", "postgresql://u:topsecret@h/d?nonsense=1", "postgres://u@h/d?password=x&tops=ecret", "u:topsecret@h/d",
                               "postgres://u:a/tops?ecret@h/d", "password=a topsecret", "password=a topsecret=c", "password='topsecret"}) {
    const Error err = Validate(PoolOptions{.conninfo = conninfo});
    ASSERT_TRUE(err) << conninfo;
    EXPECT_TRUE(err.Message().starts_with("PoolOptions::conninfo: ")) << err.Message();
    for (const char* part : {"tops", "ecret"}) EXPECT_EQ(err.Message().find(part), std::string::npos) << err.Message();
  }
  EXPECT_NE(Validate(PoolOptions{.conninfo = "hots=a"}).Message().find("\"hots\""), std::string::npos) << "without a password it may be repeated";
  for (const char* conninfo : {"postgres://u:p%40ss@h/d", "postgres://h/d?host=@abstract", "host=@abstract password=p@ss", "postgresql:///d"}) {
    EXPECT_OK(Validate(PoolOptions{.conninfo = conninfo}));
  }
}

TEST_F(PostgresQueryTest, RefusesSettingsItWouldIgnore) {
  for (const char* conninfo : {"host=a connect_timeout=3", "postgres://a/d?connect_timeout=3"}) {
    EXPECT_NE(Validate(PoolOptions{.conninfo = conninfo}).Message().find("PoolOptions::connect_timeout"), std::string::npos) << conninfo;
  }
  // As if weft were built without TLS.
  for (const char* mode : {"require", "verify-ca", "verify-full"}) {
    EXPECT_OK(internal::CheckSslMode(mode, true));
    EXPECT_NE(internal::CheckSslMode(mode, false).Message().find(std::string("sslmode=") + mode + ": weft was built without TLS"), std::string::npos);
  }
  for (const char* mode : {"", "disable", "allow", "prefer"}) EXPECT_OK(internal::CheckSslMode(mode, false));
}

TEST_F(PostgresQueryTest, ExcessCallsLearnWhoHoldsTheConnections) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.connections_max = 1;
    options.acquire_timeout = 10ms;
    Pool db(options);
    const Error err = db.InTransaction(ctx, [&](const Context& c, Transaction&) -> Error { return db.Ping(c); });
    EXPECT_TRUE(err.Is(kUnavailable));
    ASSERT_NE(err.As<ClientFailure>(), nullptr);
    EXPECT_EQ(err.As<ClientFailure>()->kind, ClientFailure::kBusy);
    EXPECT_FALSE(err.As<ClientFailure>()->processed);
    EXPECT_NE(err.Message().find("1 in use: main has 1"), std::string::npos) << err.Message();
  });
}

}  // namespace
}  // namespace weft::postgres
