// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "kit.h"

namespace weft::postgres {
namespace {

class PostgresCopyTest : public PostgresTest {};

// A server that stops reading, in the middle of a row, until the writer's context ends.
TEST_F(PostgresCopyTest, AFailedWriteCannotBeIgnored) {
  OnLoops(1, [](const Context& ctx) {
    PoolOptions options = Options();
    options.cancel_grace = 30s;
    Pool db(options);
    EXPECT_OK(db.Execute(ctx, "create table whole (n integer, t text)").Err());
    EXPECT_OK(db.Execute(ctx, "create function wait_for_lock() returns trigger language plpgsql as "
                              "$$ begin perform pg_advisory_xact_lock(1); return new; end $$").Err());
    EXPECT_OK(db.Execute(ctx, "create trigger t before insert on whole for each row execute function wait_for_lock()").Err());
    const std::string more_than_fits(std::size_t{16} << 20, 'x');
    EXPECT_OK(db.InTransaction(ctx, [&](const Context& c, Transaction& tx) -> Error {
      EXPECT_OK(tx.Execute(c, "select pg_advisory_xact_lock(1)").Err());
      const Error err = db.CopyIn(c, "copy whole from stdin", [&](CopyWriter& to) -> Error {
        EXPECT_OK(to.WriteRow(c, 1, "first"));
        const CancelScope scope = WithCancel(c);
        Group group(c);
        group.Go([&](const Context&) { EXPECT_TRUE(to.WriteRow(scope.ctx, 2, more_than_fits).Is(kCanceled)); });
        // The server waits in the first row, and reads no more.
        while (*tx.QueryOne<std::int64_t>(c, "select count(*) from pg_locks where not granted and locktype = 'advisory'") == 0) Yield();
        scope.cancel();
        EXPECT_OK(group.Wait());
        EXPECT_TRUE(to.WriteRow(c, 3, "third").Is(kCanceled));
        return {};
      }).Err();
      EXPECT_TRUE(err.Is(kCanceled)) << err.Message();
      return {};
    }));
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from whole"), 0);
    EXPECT_EQ(*db.CopyIn(ctx, "copy whole from stdin", [&](CopyWriter& to) { return to.WriteRow(ctx, 4, "next"); }), 1u) << "the next one begins anew";
    EXPECT_EQ(db.Stats().closed, 0u);
  });
}

TEST_F(PostgresCopyTest, UnderADoneContextNothingIsWritten) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    EXPECT_OK(db.Execute(ctx, "create table unwritten (n integer)").Err());
    const CancelScope scope = WithCancel(ctx);
    const Error err = db.CopyIn(ctx, "copy unwritten from stdin", [&](CopyWriter& to) -> Error {
      scope.cancel();
      EXPECT_TRUE(to.WriteRow(scope.ctx, 1).Is(kCanceled));
      return {};
    }).Err();
    EXPECT_TRUE(err.Is(kCanceled)) << err.Message();
    EXPECT_EQ(*db.QueryOne<std::int64_t>(ctx, "select count(*) from unwritten"), 0);
  });
}

TEST_F(PostgresCopyTest, NullsAreThoseOfParameters) {
  OnLoops(1, [](const Context& ctx) {
    Pool db(Options());
    EXPECT_OK(db.Execute(ctx, "create table nulls (a text, b text, c text, d integer, e text)").Err());
    const char* none = nullptr;
    const char* text = "text";
    EXPECT_EQ(*db.CopyIn(ctx, "copy nulls from stdin", [&](CopyWriter& to) { return to.WriteRow(ctx, none, nullptr, std::nullopt, std::optional<int>(), text); }), 1u);
    EXPECT_EQ(*db.QueryOne<bool>(ctx, "select a is null and b is null and c is null and d is null and e = 'text' from nulls"), true);
  });
}

}  // namespace
}  // namespace weft::postgres
