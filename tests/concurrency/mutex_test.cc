// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/mutex.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Mutex, OnOneLoopItIsHandedOverInTheOrderOfArrival) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    std::vector<int> order;
    EXPECT_FALSE(mutex.Lock(ctx));
    Group group(ctx);
    for (int i = 0; i < 5; ++i) {
      group.Go([&, i](const Context& c) {
        EXPECT_FALSE(mutex.Lock(c));
        order.push_back(i);
        EXPECT_FALSE(Sleep(c, 1s)) << "held across a park";
        mutex.unlock();
      });
      Settle(ctx);
    }

    mutex.unlock();
    EXPECT_FALSE(mutex.try_lock()) << "a newcomer cannot overtake those who wait";
    EXPECT_FALSE(group.Wait());

    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST(Mutex, LockEndsWithItsContext) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    mutex.lock();
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(mutex.Lock(scope.ctx).Is(kDeadlineExceeded));
    mutex.unlock();
    EXPECT_TRUE(mutex.Lock(scope.ctx).Is(kDeadlineExceeded)) << "also when it is free";
    EXPECT_TRUE(mutex.try_lock()) << "nobody has it";
    mutex.unlock();
  });
}

TEST(Mutex, SkipsAWaiterThatGaveUp) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    mutex.lock();
    const CancelScope scope = WithCancel(ctx);
    bool got = false;
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(mutex.Lock(scope.ctx).Is(kCanceled)); });
    Settle(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(mutex.Lock(c));
      got = true;
      mutex.unlock();
    });
    Settle(ctx);

    // In one go: the first waiter has given up, but has not run yet.
    scope.cancel();
    mutex.unlock();
    EXPECT_FALSE(group.Wait());

    EXPECT_TRUE(got);
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

// What was handed over is owned, whatever happens to the context afterwards.
TEST(Mutex, ACancelAfterTheHandOverComesTooLate) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    mutex.lock();
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_FALSE(mutex.Lock(scope.ctx));
      mutex.unlock();
    });
    Settle(ctx);

    mutex.unlock();
    scope.cancel();

    EXPECT_FALSE(group.Wait());
  });
}

TEST(Mutex, AcquireGivesALockThatEndsWithItsScope) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    {
      Result<std::unique_lock<Mutex>> hold = mutex.Acquire(ctx);
      ASSERT_TRUE(hold.Ok());
      EXPECT_TRUE(hold->owns_lock());
      EXPECT_FALSE(mutex.try_lock());
    }
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
    const CancelScope scope = WithCancel(ctx);
    scope.cancel();
    EXPECT_TRUE(mutex.Acquire(scope.ctx).Err().Is(kCanceled));
  });
}

TEST(Mutex, WorksWithTheStandardLocks) {
  Mutex a, b;
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < Rounds(2000); ++i) {
        if (t % 2 == 0) {
          const std::scoped_lock hold(a, b);
          ++count;
        } else {
          const std::scoped_lock hold(b, a);
          ++count;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 4 * Rounds(2000));
}

TEST(Mutex, ExcludesFibersOfAllLoopsAndThreads) {
  Mutex mutex;
  int count = 0;
  const int rounds = Rounds(3000);
  std::thread plain([&] {
    for (int i = 0; i < rounds; ++i) {
      const std::lock_guard hold(mutex);
      ++count;
    }
  });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 6; ++f) {
      group.Go([&](const Context& c) {
        for (int i = 0; i < rounds; ++i) {
          if (Error err = mutex.Lock(c)) return err;
          const int before = count;
          if (i % 64 == 0) Yield();
          count = before + 1;
          mutex.unlock();
        }
        return Error();
      });
    }
    EXPECT_FALSE(group.Wait());
  });
  plain.join();
  EXPECT_EQ(count, 7 * rounds);
}

// Whoever re-locks at once cannot keep others out.
TEST(Mutex, AHogDoesNotStarveOthers) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Group group(ctx);
    bool done = false;
    group.Go([&](const Context& c) {
      while (!done) {
        EXPECT_FALSE(mutex.Lock(c));
        EXPECT_FALSE(Sleep(c, 100us));
        mutex.unlock();
      }
    });
    group.Go([&](const Context& c) {
      const TimePoint start = Now();
      for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(Sleep(c, 100us));
        const std::lock_guard hold(mutex);
      }
      EXPECT_LE(Now() - start, 10ms);
      done = true;
    });
    EXPECT_FALSE(group.Wait());
  });
}

// Go's TestMutexFairness. The hog is on another loop, or a thread, so it may take the mutex before the one that was woken does.
void ALightUserGetsIn(const Context& ctx, Mutex& mutex, std::atomic<bool>& done) {
  const TimePoint start = Now();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Sleep(ctx, 100us));
    const std::lock_guard hold(mutex);
  }
  EXPECT_LT(Now() - start, 10s);
  done = true;
}
void Hog(Mutex& mutex, std::atomic<bool>& done) {
  const TimePoint end = Now() + 20s;
  mutex.lock();
  while (!done && Now() < end) {
    const TimePoint until = Now() + 100us;
    while (Now() < until) {
    }
    mutex.unlock();
    mutex.lock();
  }
  mutex.unlock();
}

TEST(Mutex, AHogOfAnotherLoopDoesNotStarveOthers) {
  OnLoops(2, [](const Context& ctx) {
    Mutex mutex;
    std::atomic<bool> done{false};
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        if (Loop::Current()->Index() == 0) {
          ALightUserGetsIn(c, mutex, done);
        } else {
          Hog(mutex, done);
        }
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(done);
  });
}

TEST(Mutex, AHogOnAThreadDoesNotStarveOthers) {
  Mutex mutex;
  std::atomic<bool> done{false};
  std::thread hog([&] { Hog(mutex, done); });
  ALightUserGetsIn(Background(), mutex, done);
  hog.join();
}

// How many fibers wait for a mutex.
int ParkedOnMutexes() {
  int count = 0;
  for (const FiberInfo& fiber : ListFibers()) count += fiber.waits_for == "mutex" ? 1 : 0;
  return count;
}

// Starts f on one of two loops: members of a group that is spread go to both in turn.
void GoOn(Group& group, int loop, const std::function<void(const Context&)>& f) {
  for (int i = 0; i < 2; ++i) {
    group.Go([loop, f](const Context& c) {
      if (Loop::Current()->Index() == loop) f(c);
    });
  }
}

TEST(Mutex, AWaiterOfAnotherLoopIsNotOvertakenOnceItHasWaitedForAMillisecond) {
  OnLoops(2, [](const Context& ctx) {
    const int other = 1 - Loop::Current()->Index();
    for (int round = 0; round < 20; ++round) {
      Mutex mutex;
      std::atomic<bool> tried{false};
      mutex.lock();
      Group group(ctx, {.spread = true});
      GoOn(group, other, [&](const Context&) {
        const std::lock_guard hold(mutex);
        while (!tried) Yield();
      });
      while (ParkedOnMutexes() != 1) Yield();
      const TimePoint until = Now() + 2ms;
      while (Now() < until) Yield();

      mutex.unlock();
      const bool overtaken = mutex.try_lock();
      tried = true;
      EXPECT_FALSE(overtaken) << "it was free in between";
      if (overtaken) mutex.unlock();
      EXPECT_FALSE(group.Wait());
    }
  });
}

// The first waiter has given up, but its loop is busy, so that it is still in the queue: the next one is served. In some of
// the rounds all of it happens within the millisecond after which the mutex would be handed over.
TEST(Mutex, AWaiterOfAnotherLoopThatGaveUpIsSkipped) {
  OnLoops(2, [](const Context& ctx) {
    const int mine = Loop::Current()->Index();
    for (int round = 0; round < 30; ++round) {
      Mutex mutex;
      std::atomic<bool> asks{false}, busy{false}, go_on{false}, got{false};
      const CancelScope scope = WithCancel(ctx);
      const CancelScope limit = WithTimeout(ctx, 20s);
      mutex.lock();
      Group group(ctx, {.spread = true});
      GoOn(group, 1 - mine, [&](const Context&) {
        while (!asks) Yield();
        busy = true;
        while (!go_on) {
        }
      });
      GoOn(group, 1 - mine, [&](const Context&) {
        asks = true;
        EXPECT_TRUE(mutex.Lock(scope.ctx).Is(kCanceled));
      });
      while (!busy) Yield();
      GoOn(group, mine, [&](const Context&) {
        EXPECT_FALSE(mutex.Lock(limit.ctx));
        got = true;
        mutex.unlock();
      });
      while (ParkedOnMutexes() != 2) Yield();

      scope.cancel();
      mutex.unlock();
      while (!got && !limit.ctx.Err()) Yield();
      EXPECT_TRUE(got);
      go_on = true;
      EXPECT_FALSE(group.Wait());
    }
  });
}

TEST(Mutex, WaitersOfAllLoopsAreServedInTheOrderOfArrival) {
  OnLoops(2, [](const Context& ctx) {
    for (int round = 0; round < Rounds(100); ++round) {
      Mutex mutex;
      std::vector<int> order;
      mutex.lock();
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 6; ++i) {
        group.Go("waiter", [&, i](const Context&) {
          const std::lock_guard hold(mutex);
          order.push_back(i);
        });
        while (ParkedOnMutexes() != i + 1) Yield();
      }
      mutex.unlock();
      EXPECT_FALSE(group.Wait());
      EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5}));
    }
  });
}

// Each of three locks and unlocks, and the last one destroys: nobody may be inside of an unlock any more.
TEST(Mutex, MayBeDestroyedRightAfterTheLastUnlock) {
  for (int i = 0; i < Rounds(2000); ++i) {
    auto* mutex = new Mutex();
    int users = 3;
    auto leave = [&] {
      mutex->lock();
      const bool last = --users == 0;
      mutex->unlock();
      if (last) delete mutex;
    };
    std::thread a(leave), b(leave);
    leave();
    a.join();
    b.join();
  }
}

TEST(Mutex, CancelAndHandOverMeetOnManyThreads) {
  OnLoops(2, [](const Context& ctx) {
    for (int i = 0; i < Rounds(3000); ++i) {
      Mutex mutex;
      mutex.lock();
      const CancelScope scope = WithCancel(ctx);
      bool got = false;
      Group group(ctx, {.spread = true});
      group.Go([&](const Context&) {
        if (mutex.Lock(scope.ctx)) return;
        got = true;
        mutex.unlock();
      });
      group.Go([&](const Context&) { scope.cancel(); });
      mutex.unlock();
      EXPECT_FALSE(group.Wait());
      EXPECT_TRUE(mutex.try_lock()) << "neither lost nor kept, got: " << got;
      mutex.unlock();
    }
  });
}

}  // namespace
}  // namespace weft
