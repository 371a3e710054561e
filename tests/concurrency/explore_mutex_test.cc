// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/mutex.h>

#include <algorithm>
#include <vector>

#include <weft/concurrency/offload.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ExploreMutex, HoldsOneAtATimeAndIsFreeAfterwards) {
  Exploring([](const Context& ctx) {
    Mutex mutex;
    Room room;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        const Context& under = i % 2 == 0 ? scope.ctx : c;
        for (int n = 0; n < 2; ++n) {
          if (mutex.Lock(under)) continue;
          room.Enter();
          if (n == 0) Yield();
          room.Leave();
          mutex.unlock();
        }
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(mutex.try_lock()) << "neither lost nor kept";
    mutex.unlock();
  });
}

// Those that wait are known by their order; one of them gives up while it is handed over.
TEST(ExploreMutex, GoesToTheOldestThatStillWaits) {
  Exploring([](const Context& ctx) {
    Mutex mutex;
    mutex.lock();
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> order;
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        if (mutex.Lock(i == 1 ? scope.ctx : c)) return;
        order.push_back(i);
        if (i == 0) Yield();
        mutex.unlock();
      });
      Settle(ctx);
    }
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) { mutex.unlock(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(order == (std::vector<int>{0, 2, 3}) || order == (std::vector<int>{0, 1, 2, 3}))
        << ::testing::PrintToString(order);
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST(ExploreMutex, MayBeDestroyedByWhoeverHadItLast) {
  Exploring([](const Context& ctx) {
    auto mutex = std::make_unique<Mutex>();
    mutex->lock();
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(mutex->Lock(c));
      mutex->unlock();
      mutex.reset();
    });
    Settle(ctx);
    mutex->unlock();
    EXPECT_FALSE(group.Wait());
  }, 200);
}

// Unlocked where no fiber runs, it is free until the woken waiter comes; meanwhile others may take it, and the waiter may give up.
void UnlockByThreads(bool cancels) {
  Exploring([cancels](const Context& ctx) {
    Mutex mutex;
    Room room;
    mutex.lock();
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> got;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        if (mutex.Lock(i == 0 ? scope.ctx : c)) return;
        room.Enter();
        got.push_back(i);
        if (i == 2) Yield();
        const auto leave = [&] {
          room.Leave();
          mutex.unlock();
        };
        if (i == 1) {
          EXPECT_FALSE(Offload(c, leave));
        } else {
          leave();
        }
      });
      if (i < 2) Settle(ctx);
    }
    if (cancels) group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(Offload(ctx, [&] { mutex.unlock(); }));
    EXPECT_FALSE(group.Wait());
    EXPECT_GE(got.size(), 2U);
    const auto first = std::find(got.begin(), got.end(), 0);
    EXPECT_TRUE(first == got.end() || std::find(first, got.end(), 1) != got.end()) << "whoever waits is not overtaken by the next";
    EXPECT_TRUE(mutex.try_lock()) << "neither lost nor kept";
    mutex.unlock();
  }, 400);
}

TEST(ExploreMutex, AThreadsUnlockLetsATryLockTakeIt) { UnlockByThreads(false); }
TEST(ExploreMutex, SetFreeByAThreadItMeetsACancel) { UnlockByThreads(true); }

// Gives up at the same time as it is let go: a lock that is got under a context that ended later is kept.
TEST(ExploreMutex, ATimeoutAndTheHandOverMeet) {
  Exploring([](const Context& ctx) {
    Mutex mutex;
    mutex.lock();
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        const CancelScope scope = WithTimeout(c, 1ms);
        if (Error err = mutex.Lock(scope.ctx)) {
          EXPECT_TRUE(err.Is(kDeadlineExceeded));
          return;
        }
        mutex.unlock();
      });
    }
    EXPECT_FALSE(Sleep(ctx, 1ms));
    mutex.unlock();
    EXPECT_FALSE(mutex.Lock(ctx)) << "nobody keeps it";
    mutex.unlock();
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
