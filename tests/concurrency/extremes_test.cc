// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <vector>

#include <weft/concurrency/broadcast.h>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/cond.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/file_read.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/runtime/stack.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/memory_stream.h>
#include <weft/concurrency/free_list.h>
#include <weft/concurrency/rate_limiter.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/semaphore.h>
#include <weft/concurrency/testing_explore.h>
#include <weft/concurrency/timer.h>
#include <weft/concurrency/trace.h>
#include <weft/concurrency/wait_group.h>

#include "kit.h"

// Everything that takes a length of time, a time or a count, with the smallest, the largest and what lies next to zero. No sum runs
// over (under UndefinedBehaviorSanitizer that shows by itself): the largest is never, the smallest long ago.
namespace weft {
namespace {

using namespace weft::testing;

constexpr Duration kLongest = Duration::max();
constexpr std::array<Duration, 5> kNotPositive = {Duration::min(), Duration::min() + 1ns, -Duration::max() / 2, -1ns, 0ns};
// Never, or so late that a test cannot see the end.
constexpr std::array<Duration, 4> kEndless = {kLongest, kLongest - 1ns, kLongest - 1s, kLongest / 2};

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::size_t kMostBytes = std::numeric_limits<std::size_t>::max();

// A context that is done in a second.
CancelScope Soon(const Context& ctx) { return WithTimeout(ctx, 1s); }

TEST(Extremes, LengthsThatAreNotPositiveHavePassed) {
  Virtually([](const Context& ctx) {
    for (const Duration length : kNotPositive) {
      const TimePoint begin = Now();
      EXPECT_FALSE(Sleep(ctx, length));
      EXPECT_TRUE(WithTimeout(ctx, length).ctx.Err().Is(kDeadlineExceeded));
      EXPECT_TRUE(Select(ctx, OnAfter(length)).Ok());
      Timer timer(length);
      EXPECT_FALSE(timer.Wait(ctx));
      EXPECT_FALSE(timer.Reset(length));
      EXPECT_TRUE(Select(ctx, OnTimer(timer)).Ok());
      EXPECT_EQ(Now(), begin) << length.count();
    }
  });
}

TEST(Extremes, TheLongestLengthsDoNotEnd) {
  Virtually([](const Context& ctx) {
    for (const Duration length : kEndless) {
      const CancelScope endless = WithTimeout(ctx, length);
      EXPECT_FALSE(endless.ctx.Err()) << length.count();
      Timer timer(length);
      Ticker ticker(length);
      const CancelScope soon = Soon(endless.ctx);
      EXPECT_TRUE(Sleep(soon.ctx, length).Is(kDeadlineExceeded));
      EXPECT_TRUE(timer.Wait(soon.ctx).Is(kDeadlineExceeded));
      const CancelScope again = Soon(endless.ctx);
      (void)timer.Reset(length);
      ticker.Reset(length);
      EXPECT_TRUE(ticker.Wait(again.ctx).Err().Is(kDeadlineExceeded));
      EXPECT_TRUE(Select(Soon(endless.ctx).ctx, OnAfter(length), OnTimer(timer), OnTick(ticker), OnDone(endless.ctx)).Err().Is(kDeadlineExceeded));
    }
  });
}

// Virtual time goes to the end of time. Nobody can come back from there.
TEST(Extremes, TimeItselfRunsToItsEnd) {
  Virtually([](const Context& ctx) {
    const Duration rest = TimePoint::max() - Now() - 1ns;
    EXPECT_FALSE(Sleep(ctx, rest));
    EXPECT_EQ(Now(), TimePoint::max() - 1ns);
    EXPECT_FALSE(Sleep(ctx, 0ns));
    EXPECT_TRUE(Select(ctx, OnAfter(0ns)).Ok());
    EXPECT_FALSE(WithTimeout(ctx, 1s).ctx.Err()) << "never, from now on";
    EXPECT_TRUE(WithTimeout(ctx, Duration::min()).ctx.Err().Is(kDeadlineExceeded));
    EXPECT_EQ(ListFibers().size(), 1u);
    RateLimiter limiter(1e-300, 1);
    EXPECT_TRUE(limiter.Allow());
    EXPECT_FALSE(limiter.Allow());
  });
}

TEST(Extremes, PointsInTime) {
  Virtually([](const Context& ctx) {
    for (const TimePoint point : {TimePoint::min(), TimePoint::min() + 1ns, TimePoint(-1ns), TimePoint()}) {
      const CancelScope past = WithDeadline(ctx, point);
      EXPECT_TRUE(past.ctx.Err().Is(kDeadlineExceeded));
      EXPECT_EQ(past.ctx.Deadline(), point);
      EXPECT_TRUE(WithDeadline(past.ctx, TimePoint::max()).ctx.Err().Is(kDeadlineExceeded));
      // A fiber whose context is over for as long as can be, and which waits all the same.
      Event go;
      Group group(past.ctx);
      EXPECT_FALSE(group.Go([](const Context&) {})) << "the group is done";
      const ScopedContext current(past.ctx);
      Group waits(Background());
      waits.Go([&](const Context& c) {
        const ScopedContext inner(past.ctx);
        return go.Wait(c);
      });
      Settle(ctx);
      for (const FiberInfo& fiber : ListFibers()) {
        if (fiber.deadline_in) {
          EXPECT_LE(*fiber.deadline_in, Duration::zero());
        }
      }
      LoopSignal signal;
      EXPECT_EQ(signal.Wait(ctx, "signal", point), LoopSignal::Outcome::kTimedOut);
      go.Set();
      EXPECT_FALSE(waits.Wait());
    }
    const CancelScope never = WithDeadline(ctx, TimePoint::max());
    EXPECT_FALSE(never.ctx.Err());
    LoopSignal signal;
    EXPECT_EQ(signal.Wait(Soon(never.ctx).ctx, "signal"), LoopSignal::Outcome::kContextDone);
  });
}

TEST(Extremes, OnAPlainThread) {
  for (const Duration length : kNotPositive) {
    EXPECT_FALSE(Sleep(Background(), length));
    Timer timer(length);
    EXPECT_FALSE(timer.Wait(Background()));
    EXPECT_TRUE(Select(Background(), OnAfter(length)).Ok());
  }
  for (const Duration length : kEndless) {
    const CancelScope endless = WithTimeout(Background(), length);
    const CancelScope soon = WithTimeout(endless.ctx, 1ms);
    Timer timer(length);
    EXPECT_TRUE(Sleep(soon.ctx, length).Is(kDeadlineExceeded));
    EXPECT_TRUE(timer.Wait(soon.ctx).Is(kDeadlineExceeded));
  }
}

TEST(ExtremesDeathTest, PeriodsMustBePositive) {
  for (const Duration length : kNotPositive) {
    WEFT_EXPECT_DEATH(Ticker{length}, "Ticker: its period must be longer than zero");
  }
}

TEST(Extremes, SemaphoresOfAnySize) {
  Virtually([](const Context& ctx) {
    Semaphore all(kMost);
    EXPECT_TRUE(all.TryAcquire(kMost));
    EXPECT_FALSE(all.TryAcquire(1));
    EXPECT_FALSE(all.TryAcquire(kMost));
    EXPECT_TRUE(all.Acquire(Soon(ctx).ctx, kMost).Is(kDeadlineExceeded));
    all.Resize(0);
    EXPECT_FALSE(all.TryAcquire(1));
    all.Resize(kMost);
    all.Release(kMost);
    EXPECT_FALSE(all.Acquire(ctx, kMost));
    all.Release(kMost - 1);
    all.Release(1);
    EXPECT_EQ(all.Acquired(), 0);
  });
  Semaphore semaphore(1);
  for (const std::int64_t n : {kLeast, std::int64_t{-1}, std::int64_t{0}}) {
    WEFT_EXPECT_DEATH((void)semaphore.TryAcquire(n), "the number of tokens must be at least 1");
    if (n != 0) {
      WEFT_EXPECT_DEATH(Semaphore{n}, "the size must not be negative");
    }
  }
  WEFT_EXPECT_DEATH(semaphore.Release(kMost), "more tokens than were acquired");
}

TEST(Extremes, RateLimitersOfAnyRateAndBurst) {
  Virtually([](const Context& ctx) {
    for (const double rate : {0.0, std::numeric_limits<double>::denorm_min(), 1.0, std::numeric_limits<double>::max(),
                              std::numeric_limits<double>::infinity()}) {
      RateLimiter limiter(rate, kMost);
      EXPECT_TRUE(limiter.Allow(kMost)) << rate;
      const CancelScope scope = WithCancel(ctx);
      Group group(ctx);
      for (int i = 0; i < 3; ++i) {  // together they ask for more than numbers hold
        group.Go([&](const Context&) { (void)limiter.Wait(scope.ctx, kMost); });
      }
      Settle(ctx);
      (void)limiter.Wait(Soon(ctx).ctx, kMost);
      scope.cancel();
      EXPECT_FALSE(group.Wait());
      limiter.SetBurst(1);
      limiter.SetRate(std::numeric_limits<double>::infinity());
      EXPECT_FALSE(limiter.Wait(ctx, 1));
    }
  });
  WEFT_EXPECT_DEATH(RateLimiter(-std::numeric_limits<double>::denorm_min(), 1), "the rate must not be negative");
  WEFT_EXPECT_DEATH(RateLimiter(std::numeric_limits<double>::quiet_NaN(), 1), "the rate must not be negative");
  WEFT_EXPECT_DEATH(RateLimiter(1, kLeast), "the burst must be at least 1");
}

TEST(Extremes, WaitGroupsCountFarBeyondAnInt) {
  WaitGroup group;
  for (int i = 0; i < 3; ++i) group.Add(std::numeric_limits<int>::max());
  for (int i = 0; i < 3; ++i) group.Add(-std::numeric_limits<int>::max());
  EXPECT_FALSE(group.Wait(Background()));
  WEFT_EXPECT_DEATH(group.Add(std::numeric_limits<int>::min()), "more Done than Add");
}

TEST(Extremes, CapacitiesThatNobodyHas) {
  if (kTsan || kAsan) GTEST_SKIP() << "sanitizers end a process that asks for so much";
  EXPECT_THROW(Chan<int>{kMostBytes}, std::bad_alloc);
  EXPECT_THROW(Chan<char>{kMostBytes}, std::bad_alloc);
  EXPECT_THROW((void)Broadcast<int>().Subscribe({.capacity = kMostBytes}), std::bad_alloc);
  EXPECT_THROW((void)MemoryStreamPair({.buffer_bytes = kMostBytes}), std::length_error);
  EXPECT_TRUE(StartTrace({.events_per_thread = kMostBytes}).Is(std::errc::not_enough_memory));
  EXPECT_FALSE(StartTrace({.events_per_thread = 0}));
  EXPECT_TRUE(StopTrace().Ok());
  FreeList<int> pool({.keep = kMostBytes, .trim_every = Duration::min()});
  for (int i = 0; i < 3; ++i) (void)pool.Get();
  FreeList<int> kept({.keep = kMostBytes, .trim_every = kLongest});
  for (int i = 0; i < 3; ++i) (void)kept.Get();
}

TEST(Extremes, StacksThatNobodyHasAreAnError) {
  for (const std::size_t bytes : {kMostBytes, kMostBytes / 2, kMostBytes - 64 * 1024}) {
    internal::StackMaker maker(bytes);
    internal::Stack stack;
    EXPECT_GT(maker.StackBytes(), std::size_t{1} << 40) << "it has not run over";
    EXPECT_FALSE(maker.Make(stack));
    const Error err = weft::Run(Background(), {.loops = 1, .stack_bytes = bytes}, [](const Context&) {});
    EXPECT_EQ(err.Message(), "Run: no memory for the stack of the first fiber");
  }
  for (const std::size_t bytes : {0, 1}) {
    EXPECT_FALSE(weft::Run(Background(), {.loops = 1, .stack_bytes = bytes}, [](const Context&) {}));
  }
}

TEST(Extremes, OptionsOfRunAndGroups) {
  constexpr int kLeastInt = std::numeric_limits<int>::min();
  constexpr int kMostInt = std::numeric_limits<int>::max();
  for (const int n : {kLeastInt, -1, 0, kMostInt}) {
    for (const Duration limit : {Duration::min(), -1ns, 0ns, 1ns, kLongest}) {
      RunOptions options{.loops = n < 0 ? n : 1, .offload_threads = n, .offload_queue = n, .stall_limit = limit};
      options.leak_limit = options.deadlock_limit = limit;
      options.on_stall = [](std::string_view, Duration) {};
      options.on_leak = options.on_deadlock = [](const std::vector<FiberInfo>&, Duration) {};
      EXPECT_FALSE(weft::Run(Background(), options, [&](const Context& ctx) {
        Group group(ctx, {.limit = n});
        EXPECT_TRUE(group.Go([](const Context&) {}));
        return group.Wait();
      }));
    }
  }
}

// Counts below one stand for one schedule.
TEST(Extremes, SchedulesToExplore) {
  for (const int schedules : {std::numeric_limits<int>::min(), -1, 0, 1}) {
    int runs = 0;
    EXPECT_FALSE(Explore({.schedules = schedules}, [&](const Context&) { ++runs; }));
    EXPECT_EQ(runs, 1);
  }
}

TEST(Extremes, PlacesInFiles) {
  Virtually([](const Context& ctx) {
    constexpr std::uint64_t kEnd = std::numeric_limits<std::uint64_t>::max();
    for (const std::uint64_t offset : {kEnd, kEnd - 1, kEnd / 2, kEnd / 2 + 1}) {
      char byte = 0;
      const Result<std::size_t> read = ReadFileAt(ctx, -1, {&byte, 1}, offset);
      EXPECT_TRUE(!read.Ok() || *read == 0);
      for (const std::uint64_t length : {kEnd, kEnd / 2, kEnd / 4, std::uint64_t{1}, std::uint64_t{0}}) {
        (void)WarmFile(ctx, -1, offset, length);
      }
    }
  });
}

}  // namespace
}  // namespace weft
