// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_POSTGRES_FAULT_KIT_H_
#define WEFT_TESTS_CLIENTS_POSTGRES_FAULT_KIT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include <weft/net/client_failure.h>

#include "kit.h"

namespace weft::postgres {

// Lost, or not there: for a handler a 503, and never something that blames its client.
inline void ExpectUnavailable(const Error& err) {
  EXPECT_TRUE(err.Is(kUnavailable)) << err.Message();
  EXPECT_NE(err.As<ClientFailure>(), nullptr) << err.Message();
}

inline bool Serves(const Context& ctx, Pool& db) {
  for (int i = 0; i < 2000; ++i) {
    if (!db.Ping(ctx)) return true;
    (void)Sleep(ctx, 5ms);
  }
  return false;
}

// Fibers that query all the time, while `fault` happens to the server: each gets its value or an Error at once, and once the server is back all of
// them are served.
inline void UnderLoad(Pool& db, const std::function<void()>& fault, const std::function<void()>& repair) {
  OnLoops(2, [&](const Context& ctx) {
    EXPECT_OK(db.Ping(ctx));
    const CancelScope load = WithCancel(ctx);
    std::atomic<std::int64_t> served{0}, failed{0};
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 16; ++f) {
      group.Go([&, f](const Context&) {
        while (!load.ctx.Err()) {
          const Result<std::optional<std::int32_t>> back = db.QueryOne<std::int32_t>(load.ctx, "select $1::integer", f);
          if (back.Ok()) {
            EXPECT_EQ(*back, f);
            ++served;
          } else if (!load.ctx.Err()) {
            ExpectUnavailable(back.Err());
            ++failed;
            (void)Sleep(load.ctx, 1ms);
          }
        }
      });
    }
    // Without turning round and round, on a core that the server needs.
    const auto until = [&](const std::atomic<std::int64_t>& count, std::int64_t least) {
      while (count < least) EXPECT_OK(Sleep(ctx, 1ms));
    };
    until(served, 500);
    fault();
    until(failed, 50);
    repair();
    EXPECT_TRUE(Serves(ctx, db));
    until(served, served + 500);
    load.cancel();
    EXPECT_OK(group.Wait());
    EXPECT_EQ(db.Stats().in_use, 0u);
  });
}

}  // namespace weft::postgres

#endif  // WEFT_TESTS_CLIENTS_POSTGRES_FAULT_KIT_H_
