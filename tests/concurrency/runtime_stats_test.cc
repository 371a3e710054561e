// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/runtime_stats.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/run.h>

#include "kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

RunOptions Named(std::string_view name, int loops) {
  RunOptions options;
  options.name = name;
  options.loops = loops;
  options.stall_limit = Duration::zero();
  return options;
}

const SchedulerStats* Find(const std::vector<SchedulerStats>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const SchedulerStats& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

TEST(RuntimeStats, ListsEachLoopWithItsFibersAndStacks) {
  EXPECT_FALSE(weft::Run(Background(), Named("counted", 2), [](const Context& ctx) {
    Event go;
    Group group(ctx);
    for (int i = 0; i < 5; ++i) group.Go([&](const Context& c) { return go.Wait(c); });
    Yield();

    const std::vector<SchedulerStats> all = ListSchedulers();

    const SchedulerStats* mine = Find(all, "counted");
    ASSERT_NE(mine, nullptr);
    ASSERT_EQ(mine->loops.size(), 2U);
    EXPECT_EQ(mine->loops[0].fibers, 6U);
    EXPECT_EQ(mine->loops[1].fibers, 0U);
    EXPECT_EQ(mine->loops[1].loop, 1);
    EXPECT_GE(mine->loops[0].stack_bytes, 1024U * 1024);
    EXPECT_GT(mine->loops[0].held, 0ns);

    go.Set();
    EXPECT_FALSE(group.Wait());
    const std::vector<SchedulerStats> later = ListSchedulers();
    EXPECT_EQ(Find(later, "counted")->loops[0].fibers, 1U);
    EXPECT_EQ(Find(later, "counted")->loops[0].idle_stacks, 5U);
  }));
  EXPECT_EQ(Find(ListSchedulers(), "counted"), nullptr);
}

TEST(RuntimeStats, ReportsOffloadToOtherSchedulers) {
  EXPECT_FALSE(weft::Run(Background(), Named("works", 1), [](const Context& ctx) {
    EXPECT_FALSE(Offload(ctx, [] {}));
    std::thread other([] {
      const std::vector<SchedulerStats> all = ListSchedulers();
      ASSERT_NE(Find(all, "works"), nullptr);
      EXPECT_EQ(Find(all, "works")->offload.done, 1U);
      EXPECT_EQ(Find(all, "works")->offload.threads, 1);
    });
    other.join();
  }));
}

TEST(RuntimeStats, LagOfALoopThatTurnsIsShort) {
  EXPECT_FALSE(weft::Run(Background(), Named("turns", 2), [](const Context& ctx) {
    const std::vector<LoopLag> lags = MeasureLoopLag(ctx, 30s);

    EXPECT_EQ(std::count_if(lags.begin(), lags.end(), [](const LoopLag& lag) { return lag.scheduler == "turns"; }), 2);
    for (const LoopLag& lag : lags) EXPECT_LT(lag.lag, 30s) << lag.scheduler << " " << lag.loop;
  }));
}

// The loop is held until it was seen.
TEST(RuntimeStats, LagOfALoopThatIsHeldIsTheTimeSoFar) {
  std::atomic<bool> held{false}, seen{false};
  std::thread holder([&] {
    EXPECT_FALSE(weft::Run(Background(), Named("held", 1), [&](const Context&) {
      held = true;
      while (!seen) std::this_thread::yield();
    }));
  });
  while (!held) std::this_thread::yield();

  const std::vector<LoopLag> lags = MeasureLoopLag(Background(), 5ms);  // on a plain thread

  seen = true;
  holder.join();
  const auto found = std::find_if(lags.begin(), lags.end(), [](const LoopLag& lag) { return lag.scheduler == "held"; });
  ASSERT_NE(found, lags.end());
  EXPECT_GE(found->lag, 5ms);
}

TEST(RuntimeStats, WithoutLoopsThereIsNothingToMeasure) {
  EXPECT_TRUE(ListSchedulers().empty());
  EXPECT_TRUE(MeasureLoopLag(Background()).empty());
}

}  // namespace
}  // namespace weft
