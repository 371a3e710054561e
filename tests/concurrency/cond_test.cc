// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/cond.h>

#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

static_assert(!std::is_copy_constructible_v<Cond> && !std::is_move_constructible_v<Cond>, "those who wait know its address");

// Waits once and notes its number when it has been woken.
auto Waiter(Mutex& mutex, Cond& cond, std::vector<int>& woken, int number) {
  return [&, number](const Context& c) {
    std::unique_lock hold(mutex);
    Error err = cond.Wait(c, hold);
    EXPECT_TRUE(hold.owns_lock());
    EXPECT_FALSE(mutex.try_lock());
    if (!err) woken.push_back(number);
  };
}

TEST(Cond, EachSignalWakesTheOneThatHasWaitedLongest) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    std::vector<int> woken;
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go(Waiter(mutex, cond, woken, i));
      Settle(ctx);
    }
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(woken.size(), static_cast<std::size_t>(i)) << "one for each signal, and none without";
      {
        const std::lock_guard hold(mutex);
        cond.Signal();
      }
      EXPECT_FALSE(Sleep(ctx, 1h));
    }
    EXPECT_EQ(woken, (std::vector<int>{0, 1, 2, 3}));
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Cond, ASignalWithoutAWaiterIsNotKept) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    cond.Signal();
    cond.Broadcast();
    std::unique_lock hold(mutex);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(cond.Wait(scope.ctx, hold).Is(kDeadlineExceeded));
    EXPECT_TRUE(hold.owns_lock());
  });
}

TEST(Cond, ABroadcastWakesAllWaitersAndNoLaterOnes) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    std::vector<int> woken;
    Group group(ctx);
    for (int i = 0; i < 5; ++i) group.Go(Waiter(mutex, cond, woken, i));
    Settle(ctx);

    mutex.lock();
    cond.Broadcast();
    mutex.unlock();
    group.Go(Waiter(mutex, cond, woken, 5));
    Settle(ctx);
    EXPECT_EQ(woken, (std::vector<int>{0, 1, 2, 3, 4}));

    cond.Signal();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(woken.size(), 6u);
  });
}

// Go's TestCondSignalStealing: who comes after the signal cannot take it from the one that waited, also if that one has not run yet.
TEST(Cond, ALaterWaiterCannotTakeASignal) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    std::vector<int> woken;
    Group group(ctx);
    group.Go(Waiter(mutex, cond, woken, 0));
    Settle(ctx);
    cond.Signal();
    {
      std::unique_lock hold(mutex);
      const CancelScope scope = WithTimeout(ctx, 1s);
      EXPECT_TRUE(cond.Wait(scope.ctx, hold).Is(kDeadlineExceeded));
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(woken, (std::vector<int>{0}));
  });
}

TEST(Cond, WaitLocksAgainBeforeItReturnsAlsoWhenItsContextEnds) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    Group group(ctx);
    const CancelScope scope = WithTimeout(ctx, 1s);
    const TimePoint start = Now();
    group.Go([&](const Context&) {
      std::unique_lock hold(mutex);
      EXPECT_TRUE(cond.Wait(scope.ctx, hold).Is(kDeadlineExceeded));
      EXPECT_TRUE(hold.owns_lock());
      EXPECT_EQ(Now() - start, 5s + 1ns) << "another one has the mutex beyond the deadline";
    });
    Settle(ctx);
    mutex.lock();
    EXPECT_FALSE(Sleep(ctx, 5s));
    mutex.unlock();
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST(Cond, UnderADoneContextItFailsAtOnceAndKeepsTheLock) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    const CancelScope scope = WithCancel(ctx);
    scope.cancel();
    Group group(ctx);
    std::unique_lock hold(mutex);
    bool other = false;
    group.Go([&](const Context&) {
      const std::lock_guard mine(mutex);
      other = true;
    });
    Settle(ctx);
    EXPECT_TRUE(cond.Wait(scope.ctx, hold).Is(kCanceled));
    EXPECT_TRUE(cond.Wait(scope.ctx, hold, [] { return true; }).Is(kCanceled));
    EXPECT_TRUE(hold.owns_lock());
    EXPECT_FALSE(other) << "it was not unlocked in between";
    hold.unlock();
    EXPECT_FALSE(group.Wait());
  });
}

// In one go: the first waiter has given up, but has not run yet.
TEST(Cond, ASignalPassesOverAWaiterThatGaveUp) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    std::vector<int> woken;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { Waiter(mutex, cond, woken, 0)(scope.ctx); });
    Settle(ctx);
    group.Go(Waiter(mutex, cond, woken, 1));
    Settle(ctx);
    scope.cancel();
    cond.Signal();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(woken, (std::vector<int>{1}));
  });
}

TEST(Cond, ACancelAfterTheSignalComesTooLate) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    std::vector<int> woken;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { Waiter(mutex, cond, woken, 0)(scope.ctx); });
    Settle(ctx);
    cond.Signal();
    scope.cancel();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(woken, (std::vector<int>{0})) << "no error: the signal was its own";
  });
}

TEST(Cond, WithAPredicateItWaitsUntilThatIsTrue) {
  Virtually([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    int value = 0, calls = 0;
    Group group(ctx);
    group.Go([&](const Context& c) {
      std::unique_lock hold(mutex);
      EXPECT_FALSE(cond.Wait(c, hold, [&] {
        ++calls;
        return value >= 3;
      }));
      EXPECT_EQ(value, 3);
    });
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(Sleep(ctx, 1s));
      const std::lock_guard hold(mutex);
      ++value;
      cond.Signal();
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(calls, 4);

    std::unique_lock hold(mutex);
    EXPECT_FALSE(cond.Wait(ctx, hold, [] { return true; })) << "does not wait";
    EXPECT_THROW((void)cond.Wait(ctx, hold, []() -> bool { throw std::runtime_error("no"); }), std::runtime_error);
    EXPECT_TRUE(hold.owns_lock());
  });
}

// A bounded queue between fibers of two loops and plain threads: each item arrives once.
TEST(Cond, CarriesAQueueBetweenLoopsAndThreads) {
  Mutex mutex;
  Cond not_empty, not_full;
  std::deque<int> queue;
  const int items = Rounds(2000);
  long sum = 0;
  int taken = 0;
  auto produce = [&](const Context& c) -> Error {
    for (int i = 1; i <= items; ++i) {
      std::unique_lock hold(mutex);
      if (Error err = not_full.Wait(c, hold, [&] { return queue.size() < 4; })) return err;
      queue.push_back(i);
      not_empty.Signal();
    }
    return {};
  };
  auto consume = [&](const Context& c) -> Error {
    for (;;) {
      std::unique_lock hold(mutex);
      if (Error err = not_empty.Wait(c, hold, [&] { return !queue.empty() || taken == 3 * items; })) return err;
      if (queue.empty()) return {};
      sum += queue.front();
      queue.pop_front();
      if (++taken == 3 * items) not_empty.Broadcast();
      not_full.Signal();
    }
  };
  std::thread producer([&] { EXPECT_FALSE(produce(Background())); });
  std::thread consumer([&] { EXPECT_FALSE(consume(Background())); });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 2; ++i) group.Go(produce);
    for (int i = 0; i < 3; ++i) group.Go(consume);
    EXPECT_FALSE(group.Wait());
  });
  producer.join();
  consumer.join();
  EXPECT_EQ(sum, 3L * items * (items + 1) / 2);
}

TEST(CondDeathTest, MisuseAbortsByName) {
  const auto unlocked = [] {
    Mutex mutex;
    Cond cond;
    std::unique_lock hold(mutex, std::defer_lock);
    (void)cond.Wait(Background(), hold);
  };
  const auto unlocked_with_predicate = [] {
    Mutex mutex;
    Cond cond;
    std::unique_lock hold(mutex, std::defer_lock);
    (void)cond.Wait(Background(), hold, [] { return true; });
  };
  const auto two_mutexes = [] {
    Virtually([](const Context& ctx) {
      Mutex a, b;
      Cond cond;
      std::vector<int> woken;
      Group group(ctx);
      group.Go(Waiter(a, cond, woken, 0));
      Settle(ctx);
      std::unique_lock hold(b);
      (void)cond.Wait(ctx, hold);
    });
  };
  WEFT_EXPECT_DEATH(unlocked(), "Cond::Wait: the mutex is not locked");
  WEFT_EXPECT_DEATH(unlocked_with_predicate(), "Cond::Wait: the mutex is not locked");
  WEFT_EXPECT_DEATH(two_mutexes(), "Cond::Wait: others are waiting with another mutex");
}

}  // namespace
}  // namespace weft
