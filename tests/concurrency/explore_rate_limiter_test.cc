// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/rate_limiter.h>

#include <vector>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// One token each millisecond. Whoever gives up takes none, and those behind it move up.
TEST(ExploreRateLimiter, ServesInOrderOfArrivalAndSkipsThoseWhoGiveUp) {
  Exploring([](const Context& ctx) {
    RateLimiter limiter(1000, 1);
    EXPECT_TRUE(limiter.Allow());
    const CancelScope scope = WithCancel(ctx);
    const TimePoint start = Now();
    std::vector<int> order;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        if (!limiter.Wait(i == 0 ? scope.ctx : c)) order.push_back(i);
      });
      Settle(ctx);
    }
    group.Go([&](const Context& c) {
      (void)Sleep(c, 1ms - (Now() - start));
      scope.cancel();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(order == (std::vector<int>{1, 2}) || order == (std::vector<int>{0, 1, 2})) << ::testing::PrintToString(order);
    EXPECT_EQ((Now() - start) / 1ms, static_cast<std::int64_t>(order.size())) << "a token each millisecond, none is lost";
  });
}

TEST(ExploreRateLimiter, WaitersFollowANewRate) {
  Exploring([](const Context& ctx) {
    RateLimiter limiter(0, 2);
    EXPECT_TRUE(limiter.Allow(2));
    const CancelScope scope = WithCancel(ctx);
    int served = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        if (!limiter.Wait(i == 0 ? scope.ctx : c)) ++served;
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) { limiter.SetRate(1000); });
    EXPECT_FALSE(group.Wait());
    EXPECT_GE(served, 2);
  });
}

}  // namespace
}  // namespace weft
