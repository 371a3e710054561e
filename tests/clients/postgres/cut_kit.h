// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_POSTGRES_CUT_KIT_H_
#define WEFT_TESTS_CLIENTS_POSTGRES_CUT_KIT_H_

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/net/client_failure.h>

#include "cutting_proxy.h"
#include "kit.h"

namespace weft::postgres {

// One connection for all that can be done with one, cut after each byte of one side in turn: each time there is an Error at once, or none, and
// what it says of the tables is true.
class CutEverywhere {
 public:
  // `step` bytes at a time; WEFT_CUT_STEP overrides it.
  CutEverywhere(CuttingProxy& proxy, PoolOptions through_proxy, PoolOptions direct, std::int64_t step)
      : proxy_(proxy), through_proxy_(std::move(through_proxy)), direct_(std::move(direct)), step_(step) {
    if (const char* wanted = std::getenv("WEFT_CUT_STEP")) step_ = std::atoi(wanted);
  }

  // `said`: in so many bytes the server says that it has committed, at the end of all that it says.
  void Run(const Context& ctx, bool server_side, std::int64_t said) {
    EXPECT_OK(direct_.Execute(ctx, "drop table if exists cut, copied").Err());
    EXPECT_OK(direct_.Execute(ctx, "create table cut (n integer)").Err());
    EXPECT_OK(direct_.Execute(ctx, "create table copied (n integer, row integer)").Err());
    std::int64_t all = 0;
    {
      Pool db(through_proxy_);
      EXPECT_OK(Everything(ctx, db, kFirst));
      all = server_side ? proxy_.FromServer() : proxy_.FromClient();
    }
    ASSERT_GT(all, 300);
    int cuts = 0, failed = 0;
    // At the end, where the commit is decided, at each one; over TLS all of that is one record.
    const std::int64_t end = all - (said != 0 ? 64 : 16);
    for (std::int64_t at = 1; at < all; at += at + step_ < end ? step_ : 1) {
      Pool db(through_proxy_);
      proxy_.CutNext(server_side ? at : INT64_MAX, server_side ? INT64_MAX : at);
      const Error err = Everything(ctx, db, kFirst + at);
      if (err) ++failed;
      Check(err, db, at);
      if (server_side && at >= all - said) {
        EXPECT_OK(err) << at << ": the server has said that it has committed";
      }
      if (++cuts % 32 == 0) ExpectUseful(ctx, db);
    }
    EXPECT_GT(failed, cuts / 2);
    ExpectTables(ctx);
  }

 private:
  static constexpr std::int64_t kFirst = 100'000;
  static constexpr int kCopied = 3;

  // Connects, prepares, reads, copies both ways, writes in a transaction. `number` has six digits.
  static Error Everything(const Context& ctx, Pool& db, std::int64_t number) {
    const auto numbers = db.Query<std::int32_t>(ctx, "select generate_series(1, 3)");
    if (Error err = numbers.Err()) return err;
    EXPECT_EQ(*numbers, (std::vector<std::int32_t>{1, 2, 3}));
    const Result<std::uint64_t> in = db.CopyIn(ctx, "copy copied from stdin", [&](CopyWriter& to) -> Error {
      for (int row = 0; row < kCopied; ++row) {
        if (Error err = to.WriteRow(ctx, number, row)) return err;
      }
      return {};
    });
    if (Error err = in.Err()) return err;
    EXPECT_EQ(*in, static_cast<std::uint64_t>(kCopied));
    std::string out;
    if (Error err = db.CopyOut(ctx, "copy (select generate_series(1, 3)) to stdout", [&](std::string_view row) { out += row; })) return err;
    EXPECT_EQ(out, "1\n2\n3\n");
    return db.InTransaction(ctx, [&](const Context& c, Transaction& tx) { return tx.Execute(c, "insert into cut values ($1)", number).Err(); });
  }

  void Check(const Error& err, const Pool& db, std::int64_t at) {
    const auto* failure = err.As<Failure>();
    if (failure == nullptr || !failure->commit_unknown) committed_[kFirst + at] = !err;
    if (!err) return;
    EXPECT_TRUE(err.Is(kUnavailable)) << at << ": " << err.Message();
    EXPECT_NE(err.As<ClientFailure>(), nullptr) << at << ": " << err.Message();
    EXPECT_EQ(db.Stats().open, 0u) << at;
  }

  // No cut makes the pool useless; the gate may ask for a moment.
  static void ExpectUseful(const Context& ctx, Pool& db) {
    Error again = Everything(ctx, db, 1);
    for (int i = 0; again && i < 1000; ++i) {
      EXPECT_OK(Sleep(ctx, 1ms));
      again = Everything(ctx, db, 1);
    }
    EXPECT_OK(again);
  }

  void ExpectTables(const Context& ctx) {
    const auto busy = [&] {
      return *direct_.QueryOne<std::int64_t>(ctx, "select count(*) from pg_stat_activity where state in ('active', 'idle in transaction') and "
                                                  "pid <> pg_backend_pid() and backend_type = 'client backend'");
    };
    while (busy() != 0) Yield();
    const Result<std::vector<std::int32_t>> rows = direct_.Query<std::int32_t>(ctx, "select n from cut where n > $1", kFirst);
    ASSERT_TRUE(rows.Ok()) << rows.Err().Message();
    std::map<std::int64_t, bool> there;
    for (const std::int32_t n : *rows) there[n] = true;
    for (const auto& [number, is] : committed_) EXPECT_EQ(there.count(number) != 0, is) << number - kFirst;
    // Of a COPY everything or nothing, and of one before a commit everything.
    const char* halves = "select n from copied where n >= $1 group by n having count(*) <> $2";
    EXPECT_EQ(*direct_.Query<std::int32_t>(ctx, halves, kFirst, kCopied), std::vector<std::int32_t>());
    const char* lost = "select n from cut where n >= $1 and n not in (select n from copied)";
    EXPECT_EQ(*direct_.Query<std::int32_t>(ctx, lost, kFirst), std::vector<std::int32_t>());
  }

  CuttingProxy& proxy_;
  const PoolOptions through_proxy_;
  Pool direct_;
  std::int64_t step_;
  std::map<std::int64_t, bool> committed_;  // as far as it is known
};

}  // namespace weft::postgres

#endif  // WEFT_TESTS_CLIENTS_POSTGRES_CUT_KIT_H_
