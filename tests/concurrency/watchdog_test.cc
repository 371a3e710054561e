// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

struct Reports {
  std::mutex lock;
  std::vector<std::string> names;
  std::atomic<int> count{0};

  RunOptions Options(Duration limit) {
    RunOptions options;
    options.loops = 1;
    options.stall_limit = limit;
    options.on_stall = [this, limit](std::string_view fiber, Duration held) {
      EXPECT_GE(held, limit);
      const std::lock_guard hold(lock);
      names.emplace_back(fiber);
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

TEST(Watchdog, ReportsOneStallOnce) {
  Reports reports;
  const Error err = weft::Run(Background(), reports.Options(2ms), [&](const Context&) {
    while (reports.count.load() == 0) {
    }
    const TimePoint end = Now() + 20ms;
    while (Now() < end) {
    }
    EXPECT_EQ(reports.count.load(), 1);
    Yield();
    while (reports.count.load() == 1) {
    }
  });

  EXPECT_FALSE(err);
  EXPECT_EQ(reports.count.load(), 2);
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
