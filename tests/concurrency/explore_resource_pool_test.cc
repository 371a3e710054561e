// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/resource_pool.h>

#include <utility>
#include <vector>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

struct Thing {
  explicit Thing(int& n) : alive(&n) { ++n; }
  Thing(Thing&& other) noexcept : alive(std::exchange(other.alive, nullptr)) {}
  ~Thing() {
    if (alive != nullptr) --*alive;
  }
  int* alive;
  bool used = false;
};
using Things = ResourcePool<Thing>;

// Some give up, some makes fail, some things break; making and using one lets others run.
TEST(ExploreResourcePool, NoObjectIsLentTwiceAndNoSlotIsLost) {
  Exploring([](const Context& ctx) {
    int alive = 0, makes = 0;
    Things pool({.max = 2, .make = [&](const Context&) -> Result<Thing> {
      EXPECT_LE(alive, 1) << "more than two";
      Yield();
      if (++makes == 2) return kRefused;
      return Thing(alive);
    }});
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        for (int n = 0; n < 2; ++n) {
          Result<Things::Lease> mine = pool.Acquire(i == 0 ? scope.ctx : c);
          if (mine.Err()) continue;
          EXPECT_FALSE(std::exchange((*mine)->used, true)) << "a thing is with two";
          Yield();
          (*mine)->used = false;
          if (i == 1 && n == 0) mine->Discard();
        }
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    const PoolStats stats = pool.Stats();
    EXPECT_EQ(stats.waiting, 0u);
    EXPECT_EQ(stats.in_use, 0u);
    EXPECT_EQ(stats.open, static_cast<std::uint64_t>(alive));
    const Result<Things::Lease> a = pool.Acquire(ctx), b = pool.Acquire(ctx);
    EXPECT_FALSE(a.Err() || b.Err()) << "a room was lost";
  });
}

TEST(ExploreResourcePool, ServesInTheOrderOfArrival) {
  Exploring([](const Context& ctx) {
    int alive = 0;
    Things pool({.max = 1, .make = [&](const Context&) -> Result<Thing> { return Thing(alive); }});
    Result<Things::Lease> held = pool.Acquire(ctx);
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> order;
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        Result<Things::Lease> mine = pool.Acquire(i == 1 ? scope.ctx : c);
        if (mine.Err()) return;
        order.push_back(i);
        Yield();
        if (i == 2) mine->Discard();
      });
      Settle(ctx);
    }
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) { held->Release(); });
    group.Go([&](const Context& c) {
      while (held->operator bool()) Yield();
      EXPECT_FALSE(pool.Acquire(c).Err());
      EXPECT_GE(order.size(), 3u) << "one that asks later is served later";
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(order == (std::vector<int>{0, 2, 3}) || order == (std::vector<int>{0, 1, 2, 3})) << ::testing::PrintToString(order);
  });
}

TEST(ExploreResourcePool, ATimeoutAndAReturnMeet) {
  Exploring([](const Context& ctx) {
    int alive = 0;
    Things pool({.max = 1, .make = [&](const Context&) -> Result<Thing> { return Thing(alive); }, .acquire_timeout = 1ms});
    Result<Things::Lease> held = pool.Acquire(ctx);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        const Error err = pool.Acquire(c).Err();
        EXPECT_TRUE(!err || err.Is(kUnavailable));
      });
    }
    EXPECT_FALSE(Sleep(ctx, 1ms));
    held->Release();
    EXPECT_FALSE(pool.Acquire(ctx).Err()) << "nobody keeps it";
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
