// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/timer.h>

#include <atomic>
#include <mutex>
#include <set>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

bool Silent(const Context& ctx, Ticker& ticker) {
  const CancelScope scope = WithTimeout(ctx, 100h);
  return ticker.Wait(scope.ctx).Err().Is(kDeadlineExceeded);
}

TEST(Ticker, TicksInStepWithItsStart) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    Ticker ticker(3s);
    for (int i = 1; i <= 5; ++i) {
      EXPECT_EQ(*ticker.Wait(ctx) - start, i * 3s);
      EXPECT_EQ(Now() - start, i * 3s);
      EXPECT_FALSE(Sleep(ctx, 1s)) << "work of the reader does not shift it";
    }
  });
}

TEST(Ticker, ASlowReaderGetsOneTickAtOnceAndTheNextInStep) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    Ticker ticker(2s);
    EXPECT_FALSE(Sleep(ctx, 9s));  // ticks at 2, 4, 6, 8
    EXPECT_EQ(*ticker.Wait(ctx) - start, 2s) << "the first that nobody took";
    EXPECT_EQ(Now() - start, 9s);
    EXPECT_EQ(*ticker.Wait(ctx) - start, 10s);
    EXPECT_EQ(Now() - start, 10s);
    EXPECT_FALSE(Sleep(ctx, 2s));
    EXPECT_EQ(*ticker.Wait(ctx) - start, 12s) << "late by nothing";
    EXPECT_EQ(*ticker.Wait(ctx) - start, 14s);
  });
}

TEST(Ticker, SeveralWaitersShareItsTicks) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    Ticker ticker(1s);
    std::vector<Duration> got;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) -> Error {
        for (int k = 0; k < 4; ++k) {
          if (i == 0) {
            if (Error err = Select(c, OnTick(ticker, [&] { got.push_back(Now() - start); })).Err()) return err;
          } else {
            const Result<TimePoint> tick = ticker.Wait(c);
            if (Error err = tick.Err()) return err;
            got.push_back(*tick - start);
          }
        }
        return {};
      });
    }
    EXPECT_FALSE(group.Wait());
    std::vector<Duration> expected;
    for (int i = 1; i <= 12; ++i) expected.push_back(i * 1s);
    EXPECT_EQ(got, expected) << "each tick goes to one of them";
  });
}

TEST(Ticker, AfterStopNoTickIsLeft) {
  Virtually([](const Context& ctx) {
    Ticker ticker(1s);
    EXPECT_TRUE(ticker.Wait(ctx).Ok());
    EXPECT_FALSE(Sleep(ctx, 5s));
    ticker.Stop();
    EXPECT_TRUE(Silent(ctx, ticker)) << "also that one which was due";
    EXPECT_EQ(*Select(ctx, OnTick(ticker), OnAfter(100h)), 1u);
    ticker.Reset(2s);
    const TimePoint start = Now();
    EXPECT_EQ(*ticker.Wait(ctx) - start, 2s);
    EXPECT_EQ(*ticker.Wait(ctx) - start, 4s);
  });
}

TEST(Ticker, StopAndResetReachThoseWhoWait) {
  for (const bool in_select : {false, true}) {
    Virtually([&](const Context& ctx) {
      Ticker ticker(10s);
      const TimePoint start = Now();
      std::vector<Duration> got;
      Group group(ctx);
      group.Go([&](const Context& c) -> Error {
        for (int i = 0; i < 3; ++i) {
          const Error err = in_select ? Select(c, OnAfter(100h), OnTick(ticker)).Err() : ticker.Wait(c).Err();
          if (err) return err;
          got.push_back(Now() - start);
        }
        return {};
      });
      EXPECT_FALSE(Sleep(ctx, 1s));
      ticker.Reset(4s);  // 5 s, 9 s, ...
      EXPECT_FALSE(Sleep(ctx, 5s));
      ticker.Stop();
      EXPECT_FALSE(Sleep(ctx, 100s));
      EXPECT_EQ(got, std::vector<Duration>{5s});
      ticker.Reset(1s);
      EXPECT_FALSE(group.Wait());
      EXPECT_EQ(got, (std::vector<Duration>{5s, 107s, 108s}));
    });
  }
}

TEST(Ticker, LongPeriodsDoNotRunOver) {
  Virtually([](const Context& ctx) {
    for (const Duration period : {Duration::max(), Duration::max() / 2, Duration::max() - 1ns}) {
      Ticker ticker(period);
      EXPECT_TRUE(Silent(ctx, ticker));
      ticker.Reset(1s);
      EXPECT_TRUE(ticker.Wait(ctx).Ok());
      ticker.Reset(period);
      EXPECT_TRUE(Silent(ctx, ticker));
    }
  });
}

TEST(TickerDeathTest, APeriodOfZeroOrLessAborts) {
  WEFT_EXPECT_DEATH(Ticker(0s), "Ticker.*longer than zero");
  WEFT_EXPECT_DEATH(Ticker(-1s), "Ticker.*longer than zero");
  WEFT_EXPECT_DEATH(Ticker(1s).Reset(0s), "Ticker.*longer than zero");
}

TEST(Ticker, AnEndedContextTakesNoTick) {
  Virtually([](const Context& ctx) {
    Ticker ticker(3s);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(ticker.Wait(scope.ctx).Err().Is(kDeadlineExceeded));
    EXPECT_FALSE(Sleep(ctx, 3s));
    EXPECT_TRUE(ticker.Wait(scope.ctx).Err().Is(kDeadlineExceeded)) << "though a tick is due";
    const TimePoint start = Now();
    EXPECT_TRUE(ticker.Wait(ctx).Ok());
    EXPECT_EQ(Now(), start);
  });
}

// A deadline that is, with a ticker, one of two equal cases can lose again and again.
TEST(Ticker, AnAlwaysReadyTickerDoesNotKeepAContextFromEnding) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    Ticker ticker(1ms);
    const CancelScope scope = WithTimeout(ctx, 1s);
    Error err;
    while (!err) {
      err = Select(scope.ctx, OnTick(ticker), OnAfter(1h)).Err();
      EXPECT_FALSE(Sleep(ctx, 10ms));
    }
    EXPECT_TRUE(err.Is(kDeadlineExceeded));
    EXPECT_LE(Now() - start, 1s + 20ms);
  });
}

TEST(Ticker, IsSharedByLoopsWithoutDoubles) {
  constexpr Duration kPeriod = 100us;
  std::mutex lock;
  std::multiset<TimePoint> ticks;
  const TimePoint start = Now();
  OnLoops(2, [&](const Context& ctx) {
    Ticker ticker(kPeriod);
    std::atomic<int> left{Rounds(500)};
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 4; ++i) {
      group.Go([&](const Context&) {
        for (;;) {
          const Result<TimePoint> tick = ticker.Wait(scope.ctx);
          if (!tick.Ok()) return;
          {
            const std::lock_guard hold(lock);
            ticks.insert(*tick);
          }
          if (--left <= 0) scope.cancel();
        }
      });
    }
    EXPECT_FALSE(group.Wait());
  });
  for (const TimePoint tick : ticks) {
    EXPECT_EQ(ticks.count(tick), 1u);
    EXPECT_GE(tick - start, kPeriod);
  }
}

}  // namespace
}  // namespace weft
