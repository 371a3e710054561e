// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/singleflight.h>
#include <weft/concurrency/sync.h>
#include <weft/concurrency/time.h>
#include <weft/concurrency/watch.h>

#include "kit.h"

// Very many who wait for one thing give up at once, because the context of all is canceled.
namespace weft {
namespace {

using namespace weft::testing;
using namespace std::chrono_literals;

// Waits under the context until that is done.
using Waits = std::function<void(const Context&)>;

Cost CancelMany(const Context& ctx, long n, const Waits& wait) {
  const CancelScope scope = WithCancel(ctx);
  Group group(ctx);
  long began = 0;
  for (long i = 0; i < n; ++i) {
    group.Go([&](const Context&) {
      ++began;
      wait(scope.ctx);
    });
  }
  while (began < n) Yield();
  Yield();
  return Measure([&] {
    scope.cancel();
    EXPECT_FALSE(group.Wait());
  });
}

// What they wait for, made anew for each measurement.
struct Tool {
  const char* name;
  std::function<Waits(const Context&)> make;
};

template <class T, class F>
Tool Waiting(const char* name, F wait) {
  return {name, [wait](const Context&) -> Waits {
            auto tool = std::make_shared<T>();
            return [tool, wait](const Context& c) { wait(*tool, c); };
          }};
}

struct TakenSemaphore : Semaphore {
  TakenSemaphore() : Semaphore(1) { (void)TryAcquire(); }
};
struct LockedMutex : Mutex {
  LockedMutex() { lock(); }
};
struct LockedRWMutex : RWMutex {
  LockedRWMutex() { lock(); }
};
struct MutexAndCond {
  Mutex mutex;
  Cond cond;
};
struct CountOfOne : WaitGroup {
  CountOfOne() { Add(1); }
};
struct SlowLimiter : RateLimiter {
  SlowLimiter() : RateLimiter(1e-3, 1) { (void)Allow(); }
};
struct TwoChans {
  Chan<int> a{0}, b{0};
};
struct Versions {
  Watch<int> watch{1};
};

std::vector<Tool> Tools() {
  return {
      Waiting<TakenSemaphore>("Semaphore", [](Semaphore& s, const Context& c) { EXPECT_TRUE(s.Acquire(c)); }),
      Waiting<TakenSemaphore>("SemaphoreTooLarge", [](Semaphore& s, const Context& c) { EXPECT_TRUE(s.Acquire(c, 2)); }),
      Waiting<LockedMutex>("Mutex", [](Mutex& m, const Context& c) { EXPECT_TRUE(m.Lock(c)); }),
      Waiting<LockedRWMutex>("RWMutexToWrite", [](RWMutex& m, const Context& c) { EXPECT_TRUE(m.Lock(c)); }),
      Waiting<LockedRWMutex>("RWMutexToRead", [](RWMutex& m, const Context& c) { EXPECT_TRUE(m.RLock(c)); }),
      Waiting<MutexAndCond>("Cond",
                            [](MutexAndCond& m, const Context& c) {
                              std::unique_lock hold(m.mutex);
                              EXPECT_TRUE(m.cond.Wait(c, hold));
                            }),
      Waiting<Event>("Event", [](Event& e, const Context& c) { EXPECT_TRUE(e.Wait(c)); }),
      Waiting<CountOfOne>("WaitGroup", [](WaitGroup& w, const Context& c) { EXPECT_TRUE(w.Wait(c)); }),
      Waiting<SlowLimiter>("RateLimiter", [](RateLimiter& r, const Context& c) { EXPECT_TRUE(r.Wait(c)); }),
      Waiting<TwoChans>("ChanReceive", [](TwoChans& t, const Context& c) { EXPECT_TRUE(t.a.Receive(c).Err()); }),
      Waiting<TwoChans>("ChanSend", [](TwoChans& t, const Context& c) { EXPECT_TRUE(t.a.Send(c, 1)); }),
      Waiting<TwoChans>("Select",
                        [](TwoChans& t, const Context& c) {
                          EXPECT_TRUE(Select(c, OnReceive(t.a, [](Result<int>) {}), OnSend(t.b, 1)).Err());
                        }),
      Waiting<Versions>("Watch",
                        [](Versions& v, const Context& c) {
                          auto reader = v.watch.Reader();
                          (void)reader.Next(c);
                          EXPECT_TRUE(reader.Next(c).Err());
                        }),
      Waiting<Timer>("Timer", [](Timer& t, const Context& c) { EXPECT_TRUE(t.Wait(c)); }),
      Waiting<int>("Sleep", [](int&, const Context& c) { EXPECT_TRUE(Sleep(c, 1h)); }),
      Waiting<int>("ContextBelow",
                   [](int&, const Context& c) {
                     const CancelScope own = WithCancel(Background());
                     EXPECT_TRUE(Select(c, OnDone(own.ctx)).Err());
                   }),
      {"Singleflight",
       [](const Context&) -> Waits {
         auto flights = std::make_shared<Singleflight<int, int>>();
         return [flights](const Context& c) {
           EXPECT_TRUE(flights->Do(c, 1, [](const Context& w) -> Result<int> { return w.Wait(); }).Err());
         };
       }},
  };
}

class CancelGrowth : public ::testing::TestWithParam<Tool> {};

TEST_P(CancelGrowth, OfManyWaiters) {
  ExpectGrowth(12'500, [](const Context& ctx, long n) { return CancelMany(ctx, n, GetParam().make(ctx)); });
}

INSTANTIATE_TEST_SUITE_P(Tools, CancelGrowth, ::testing::ValuesIn(Tools()), [](const auto& tool) { return tool.param.name; });

// Callers of Go, each waiting for a place.
TEST(CancelGrowthOf, CallersOfAGroupWithALimit) {
  ExpectGrowth(12'500, [](const Context& ctx, long n) {
    Group limited(ctx, {.limit = 1});
    limited.Go([](const Context& c) { (void)c.Wait(); });
    Group group(ctx);
    long began = 0;
    for (long i = 0; i < n; ++i) {
      group.Go([&](const Context&) {
        ++began;
        EXPECT_FALSE(limited.Go([](const Context&) {}));
      });
    }
    while (began < n) Yield();
    Yield();
    return Measure([&] {
      limited.Cancel();
      EXPECT_FALSE(group.Wait());
      (void)limited.Wait();
    });
  });
}

// Each has called AfterFunc for itself.
TEST(CancelGrowthOf, FunctionsOfAfterFunc) {
  ExpectGrowth(12'500, [](const Context& ctx, long n) {
    const CancelScope scope = WithCancel(ctx);
    long ran = 0;
    std::vector<StopFunc> stops;
    for (long i = 0; i < n; ++i) stops.push_back(AfterFunc(scope.ctx, [&] { ++ran; }));
    return Measure([&] {
      scope.cancel();
      while (ran < n) Yield();
    });
  });
}

// One after the other, the first to come first, which is the worst for a list that is searched from its end and the best for one that is
// searched from its beginning; and the other way round. So many that already the fewest do not fit into the nearer caches.
Cost LeaveABroadcast(long n, bool first_first) {
  const Broadcast<int> broadcast;
  std::vector<std::unique_ptr<Subscription<int>>> subscribers;
  for (long i = 0; i < n; ++i) subscribers.push_back(std::make_unique<Subscription<int>>(broadcast.Subscribe({.capacity = 1})));
  const Cost cost = Measure([&] {
    for (long i = 0; i < n; ++i) {
      subscribers[static_cast<std::size_t>(first_first ? i : n - 1 - i)].reset();
      if (i % 10 == 0) Yield();
    }
  });
  EXPECT_EQ(broadcast.Subscribers(), 0U);
  return cost;
}

TEST(LeaveGrowth, OfSubscribersTheOldestFirst) {
  ExpectGrowth(50'000, [](const Context&, long n) { return LeaveABroadcast(n, true); });
}

TEST(LeaveGrowth, OfSubscribersTheNewestFirst) {
  ExpectGrowth(50'000, [](const Context&, long n) { return LeaveABroadcast(n, false); });
}

// A Release that many requests which can never be served must not be looked at for.
TEST(ReleaseGrowth, PastRequestsThatAreTooLarge) {
  ExpectGrowth(10'000, [](const Context& ctx, long n) {
    Semaphore semaphore(1);
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    long began = 0;
    for (long i = 0; i < n; ++i) {
      group.Go([&](const Context&) {
        ++began;
        (void)semaphore.Acquire(scope.ctx, 2);
      });
    }
    while (began < n) Yield();
    Yield();
    const Cost cost = Measure([&] {
      for (long i = 0; i < n; ++i) {
        EXPECT_TRUE(semaphore.TryAcquire());
        semaphore.Release();
        if (i % 10 == 0) Yield();
      }
    });
    scope.cancel();
    EXPECT_FALSE(group.Wait());
    return cost;
  });
}

}  // namespace
}  // namespace weft
