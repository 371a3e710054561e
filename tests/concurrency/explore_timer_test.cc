// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/timer.h>

#include <algorithm>
#include <vector>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ExploreTimer, ExactlyOneWaiterGetsIt) {
  Exploring([](const Context& ctx) {
    Timer timer(1ms);
    const CancelScope scope = WithTimeout(ctx, 1ms);
    int fired = 0, gave_up = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        const CancelScope own = WithTimeout(c, 10ms);
        ++(timer.Wait(i == 0 ? scope.ctx : own.ctx) ? gave_up : fired);
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(gave_up, 2);
  });
}

// Stopped in time means that nobody gets it; otherwise somebody has.
TEST(ExploreTimer, AStopAndTheTimeMeet) {
  Exploring([](const Context& ctx) {
    Timer timer(1ms);
    bool fired = false, stopped = false;
    Group group(ctx);
    group.Go([&](const Context& c) {
      const CancelScope scope = WithTimeout(c, 5ms);
      fired = !timer.Wait(scope.ctx);
    });
    group.Go([&](const Context& c) {
      (void)Sleep(c, 1ms);
      stopped = timer.Stop();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_NE(fired, stopped);
  });
}

TEST(ExploreTimer, WaitersFollowAReset) {
  Exploring([](const Context& ctx) {
    Timer timer(1h);
    const TimePoint start = Now();
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(timer.Wait(c));
      EXPECT_EQ(Now() - start, 1ms);
    });
    group.Go([&](const Context&) { EXPECT_TRUE(timer.Reset(1ms)); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(Now() - start, 1ms);
  });
}

TEST(ExploreTicker, EachTickGoesToOne) {
  Exploring([](const Context& ctx) {
    Ticker ticker(1ms);
    std::vector<std::int64_t> ticks;
    const TimePoint start = Now();
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        for (int n = 0; n < 2; ++n) ticks.push_back((*ticker.Wait(c) - start) / 1ms);
      });
    }
    EXPECT_FALSE(group.Wait());
    std::sort(ticks.begin(), ticks.end());
    EXPECT_EQ(ticks, (std::vector<std::int64_t>{1, 2, 3, 4}));
  });
}

}  // namespace
}  // namespace weft
