// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

struct Reports {
  std::mutex lock;
  std::vector<std::string> names;
  std::vector<Duration> held_for;
  std::atomic<int> count{0};

  RunOptions Options(Duration limit) {
    RunOptions options;
    options.loops = 1;
    options.stall_limit = limit;
    options.on_stall = [this, limit](std::string_view fiber, Duration held) {
      EXPECT_GE(held, limit);
      const std::lock_guard hold(lock);
      names.emplace_back(fiber);
      held_for.push_back(held);
      ++count;
    };
    return options;
  }
};

TEST(Watchdog, NamesAFiberThatHoldsItsLoop) {
  Reports reports;
  const Error err = weft::Run(Background(), reports.Options(5ms), [&](const Context& ctx) {
    Group group(ctx);
    group.Go("hog", [&](const Context&) {
      while (reports.count.load() == 0) {
      }
    });
    return group.Wait();
  });

  EXPECT_FALSE(err);
  EXPECT_EQ(reports.names.at(0), "hog");
}

TEST(Watchdog, ReportsAStallAgainWhileItLasts) {
  Reports reports;
  const Error err = weft::Run(Background(), reports.Options(2ms), [&](const Context&) {
    while (reports.count.load() < 3) {
    }
  });

  EXPECT_FALSE(err);
  for (std::size_t i = 1; i < reports.held_for.size(); ++i) EXPECT_GE(reports.held_for[i], 2 * reports.held_for[i - 1]);
}

TEST(Watchdog, BeginsAnewWhenTheFiberHasLetOthersThrough) {
  Reports reports;
  const Error err = weft::Run(Background(), reports.Options(2ms), [&](const Context&) {
    for (int stall = 1; stall <= 2; ++stall) {
      const std::size_t before = static_cast<std::size_t>(reports.count.load());
      while (static_cast<std::size_t>(reports.count.load()) == before) {
      }
      Yield();
    }
  });

  EXPECT_FALSE(err);
  EXPECT_GE(reports.count.load(), 2);
}

// A standard lock that a fiber of the same loop holds while it is parked: nothing but the report can tell.
TEST(Watchdog, ShowsWhereAStalledThreadIs) {
  if (kTsan) GTEST_SKIP() << "ThreadSanitizer holds signals back";
  std::mutex of_somebody;
  std::mutex lock;
  std::vector<std::string> stacks;
  std::atomic<bool> shown{false};
  std::unique_lock held(of_somebody);
  RunOptions options;
  options.loops = 1;
  options.stall_limit = 5ms;
  options.on_stall = [&](const LoopStall& stall) {
    const std::lock_guard hold(lock);
    stacks.emplace_back(stall.stack);
    shown = true;
  };
  std::thread owner([&] {
    while (!shown) std::this_thread::yield();
    held.unlock();
  });

  const Error err = weft::Run(Background(), options, [&](const Context&) { const std::lock_guard hold(of_somebody); });
  owner.join();

  EXPECT_FALSE(err);
  EXPECT_THAT(stacks.at(0), ::testing::HasSubstr("Watchdog_ShowsWhereAStalledThreadIs_Test"));
}

TEST(Watchdog, IsSilentAboutFibersThatPark) {
  Reports reports;
  const Error err = weft::Run(Background(), reports.Options(200ms), [&](const Context& ctx) {
    for (int i = 0; i < 300; ++i) EXPECT_FALSE(Sleep(ctx, 1ms));
  });

  EXPECT_FALSE(err);
  EXPECT_EQ(reports.count.load(), 0);
}

TEST(WatchdogDeathTest, SaysSoOnStderrByDefault) {
  WEFT_EXPECT_DEATH(
      {
        RunOptions options;
        options.stall_limit = 2ms;
        (void)weft::Run(Background(), options, [](const Context&) {
          const TimePoint end = Now() + 100ms;
          while (Now() < end) {
          }
        });
        std::abort();
      },
      "weft: fiber \"main\" has held its loop for [0-9]+ ms without parking");
}

}  // namespace
}  // namespace weft
