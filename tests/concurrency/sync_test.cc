// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/sync.h>

#include <thread>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Sleep, TakesItsTime) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    EXPECT_FALSE(Sleep(ctx, 90min));
    EXPECT_EQ(Now() - start, 90min);
    EXPECT_FALSE(Sleep(ctx, Duration::zero()));
    EXPECT_FALSE(Sleep(ctx, -1h));
    EXPECT_EQ(Now() - start, 90min);
  });
}

TEST(Sleep, EndsWithItsContext) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    const CancelScope scope = WithTimeout(ctx, 2s);
    EXPECT_TRUE(Sleep(scope.ctx, 1h).Is(kDeadlineExceeded));
    EXPECT_EQ(Now() - start, 2s);
    EXPECT_TRUE(Sleep(scope.ctx, 1h).Is(kDeadlineExceeded)) << "under a done context at once";
    EXPECT_TRUE(Sleep(scope.ctx, Duration::zero()).Is(kDeadlineExceeded));
    EXPECT_EQ(Now() - start, 2s);
  });
}

TEST(Sleep, ForeverIsUntilTheContextEnds) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithTimeout(ctx, 1h);
    EXPECT_TRUE(Sleep(scope.ctx, Duration::max()).Is(kDeadlineExceeded));
  });
}

TEST(Sleep, WorksOnAPlainThread) {
  const TimePoint start = Now();
  EXPECT_FALSE(Sleep(Background(), 2ms));
  EXPECT_GE(Now() - start, 2ms);
  const CancelScope scope = WithTimeout(Background(), 2ms);
  EXPECT_TRUE(Sleep(scope.ctx, 1h).Is(kDeadlineExceeded));
}

TEST(Event, WakesAllWhoWait) {
  Virtually([](const Context& ctx) {
    Event event;
    int woken = 0;
    Group group(ctx);
    for (int i = 0; i < 5; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_FALSE(event.Wait(c));
        ++woken;
      });
    }
    Settle(ctx);
    EXPECT_EQ(woken, 0);
    EXPECT_FALSE(event.IsSet());

    event.Set();
    event.Set();
    EXPECT_FALSE(group.Wait());

    EXPECT_EQ(woken, 5);
    EXPECT_TRUE(event.IsSet());
    EXPECT_FALSE(event.Wait(ctx)) << "who comes later does not wait";
  });
}

// More than one call wakes itself: the others are woken by those, also where some of them have just given up.
TEST(Event, WakesVeryManyInAllCases) {
  static constexpr int kMany = 5000;
  Virtually([](const Context& ctx) {
    Event event;
    const CancelScope scope = WithCancel(ctx);
    int woken = 0;
    int gave_up = 0;
    Group group(ctx);
    for (int i = 0; i < kMany; ++i) {
      group.Go([&, own = i % 3 == 0 ? scope.ctx : ctx](const Context&) { ++(event.Wait(own) ? gave_up : woken); });
    }
    Settle(ctx);

    scope.cancel();
    event.Set();
    EXPECT_FALSE(group.Wait());

    EXPECT_EQ(woken + gave_up, kMany);
    EXPECT_GE(woken, kMany * 2 / 3);
    EXPECT_GT(gave_up, 0);
  });
}

TEST(WaitGroup, CanBeUsedAgainWhileVeryManyAreWoken) {
  static constexpr int kMany = 3000;
  Virtually([](const Context& ctx) {
    WaitGroup work;
    work.Add(1);
    int woken = 0;
    Group group(ctx);
    for (int i = 0; i < kMany; ++i) {
      group.Go([&](const Context& c) -> Error {
        Error err = work.Wait(c);
        ++woken;
        return err;
      });
    }
    Settle(ctx);

    work.Done();
    work.Add(1);  // before most of them are woken: they have waited for the first one
    EXPECT_FALSE(group.Wait());

    EXPECT_EQ(woken, kMany);
    work.Done();
  });
}

TEST(Event, WaitEndsWithItsContext) {
  Virtually([](const Context& ctx) {
    Event event;
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(event.Wait(scope.ctx).Is(kDeadlineExceeded));
    event.Set();
    EXPECT_TRUE(event.Wait(scope.ctx).Is(kDeadlineExceeded)) << "a done context fails also when there is nothing to wait for";
  });
}

// The waiter may destroy the event as soon as it has been woken.
TEST(Event, MayLieOnTheStackOfWhoWaits) {
  for (int i = 0; i < Rounds(3000); ++i) {
    std::thread setter;
    {
      Event event;
      setter = std::thread([&event] { event.Set(); });
      EXPECT_FALSE(event.Wait(Background()));
    }
    setter.join();
  }
}

TEST(WaitGroup, WaitsForTheCountToBeZero) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    WaitGroup work;
    Group group(ctx);
    for (int i = 1; i <= 3; ++i) {
      work.Add(1);
      group.Go([&, i](const Context& c) {
        EXPECT_FALSE(Sleep(c, std::chrono::seconds(i)));
        work.Done();
      });
    }
    EXPECT_FALSE(work.Wait(ctx));
    EXPECT_EQ(Now() - start, 3s);

    EXPECT_FALSE(work.Wait(ctx));
    work.Add(2);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(work.Wait(scope.ctx).Is(kDeadlineExceeded)) << "used again";
    work.Add(-2);
    EXPECT_FALSE(work.Wait(ctx));
  });
}

// Go's TestWaitGroupRace: the counts are not atomic.
TEST(WaitGroup, WorkBeforeDoneIsVisibleAfterWait) {
  OnLoops(2, [](const Context& ctx) {
    for (int i = 0; i < Rounds(1000); ++i) {
      WaitGroup work;
      int a = 0, b = 0;
      work.Add(2);
      Group group(ctx, {.spread = true});
      group.Go([&](const Context&) {
        a = 1;
        work.Done();
      });
      group.Go([&](const Context&) {
        b = 1;
        work.Done();
      });
      EXPECT_FALSE(work.Wait(ctx));
      EXPECT_EQ(a + b, 2);
      EXPECT_FALSE(group.Wait());
    }
  });
}

TEST(WaitGroup, CountsAcrossLoopsAndThreads) {
  OnLoops(2, [](const Context& ctx) {
    for (int round = 0; round < Rounds(100); ++round) {
      WaitGroup work;
      work.Add(9);
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 8; ++i) group.Go([&](const Context&) { work.Done(); });
      group.Go([&](const Context& c) { return Offload(c, [&] { work.Done(); }); });
      EXPECT_FALSE(work.Wait(ctx));
      EXPECT_FALSE(group.Wait());
    }
  });
}

}  // namespace
}  // namespace weft
