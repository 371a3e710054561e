// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_POSTGRES_ANY_CALL_H_
#define WEFT_TESTS_CLIENTS_POSTGRES_ANY_CALL_H_

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "kit.h"

namespace weft::postgres {

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
    EXPECT_TRUE(!err || err.Is(kDeadlineExceeded) || err.Is(kCanceled)) << "kind " << kind << ": " << err.Message();
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

// So many of them, each canceled at some moment, from fibers of all loops. WEFT_CANCEL_SEEDS says how many instead.
inline void CallsThatEndAtAnyMoment(const Context& ctx, Pool& db, int usual) {
  const char* wanted = std::getenv("WEFT_CANCEL_SEEDS");
  const auto last = static_cast<std::uint32_t>(wanted != nullptr ? std::atoi(wanted) : usual);
  EXPECT_OK(db.Execute(ctx, "create unlogged table sink (n integer)").Err());
  std::atomic<std::uint32_t> seed{1};
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
}

// A pool for that, of few connections and with little room for statements.
inline PoolOptions ForCallsThatEnd(PoolOptions options) {
  options.connections_max = 6;
  options.statements_max = 20;
  options.acquire_timeout = kUnlimited;
  options.cancel_grace = 30s;  // so that a slow machine closes none
  return options;
}

}  // namespace weft::postgres

#endif  // WEFT_TESTS_CLIENTS_POSTGRES_ANY_CALL_H_
