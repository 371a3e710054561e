// SPDX-License-Identifier: Apache-2.0
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/backtrace.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/select.h>

#include "kit.h"

// Very many timers, messages, fibers and cases on one loop.
namespace weft {
namespace {

using namespace weft::testing;
using namespace std::chrono_literals;

struct CountedTimer : LoopTimer {
  explicit CountedTimer(long& f) : LoopTimer([](LoopTimer* t) { ++static_cast<CountedTimer*>(t)->fired; }), fired(f) {}
  long& fired;
};

TEST(DueGrowth, OfTimersOfOneMoment) {
  ExpectGrowth(50'000, [](const Context&, long n) {
    long fired = 0;
    std::vector<std::unique_ptr<CountedTimer>> timers;
    for (long i = 0; i < n; ++i) timers.push_back(std::make_unique<CountedTimer>(fired));
    const TimePoint when = Now() + 1ms;
    return Measure([&] {
      for (long i = 0; i < n; ++i) {
        Loop::Current()->Arm(*timers[static_cast<std::size_t>(i)], when);
        if (i % 10 == 0) Yield();
      }
      while (fired < n) Yield();
    });
  });
}

TEST(DueGrowth, OfSleepersOfOneMoment) {
  ExpectGrowth(12'500, [](const Context& ctx, long n) {
    Group group(ctx);
    long began = 0;
    Event go;
    TimePoint when;
    for (long i = 0; i < n; ++i) {
      group.Go([&](const Context& c) -> Error {
        ++began;
        if (Error err = go.Wait(c)) return err;
        return Sleep(c, when - Now());
      });
    }
    while (began < n) Yield();
    Yield();
    when = Now() + 20ms;
    go.Set();
    return Measure([&] { EXPECT_FALSE(group.Wait()); });
  });
}

// Each takes as long as a fiber may.
TEST(InboxGrowth, OfMessagesThatCameTogether) {
  ExpectGrowth(500, [](const Context&, long n) {
    struct Slow : LoopTask {
      explicit Slow(long& r) : LoopTask(&Go), ran(r) {}
      static void Go(LoopTask* task) {
        const double until = ThreadSeconds() + 20e-6;
        while (ThreadSeconds() < until) {
        }
        ++static_cast<Slow*>(task)->ran;
      }
      long& ran;
    };
    long ran = 0;
    std::vector<std::unique_ptr<Slow>> tasks;
    for (long i = 0; i < n; ++i) tasks.push_back(std::make_unique<Slow>(ran));
    return Measure([&] {
      for (auto& task : tasks) Loop::Current()->Post(*task);
      while (ran < n) Yield();
    });
  });
}

TEST(SelectGrowth, OfCases) {
  // So many that already the fewest do not fit into the nearer caches.
  ExpectGrowth(
      20'000,
      [](const Context& ctx, long n) {
        std::vector<Chan<int>> chans;
        for (long i = 0; i < n; ++i) chans.emplace_back(0);
        SelectCases cases;
        // The worst order for a sort by insertion is the reverse of the addresses.
        for (long i = n; i > 0; --i) cases.Add(OnReceive(chans[static_cast<std::size_t>(i - 1)], [](Result<int>) {}));
        Group group(ctx);
        return Measure([&] {
          group.Go([&](const Context& c) { return chans[0].Send(c, 1); });
          EXPECT_TRUE(Select(ctx, cases).Ok());
          EXPECT_FALSE(group.Wait());
        });
      },
      0.05);  // a Select itself is one step: it costs its cases
}

void Park(const Context&, Group& group, Event& stop, long n) {
  long began = 0;
  for (long i = 0; i < n; ++i) {
    group.Go([&](const Context& c) {
      ++began;
      return stop.Wait(c);
    });
  }
  while (began < n) Yield();
  Yield();
}

// By a thread, while the loop starts fibers that need new stacks.
TEST(ListGrowth, OfListedFibersForTheLoop) {
  ExpectGrowth(10'000, [](const Context& ctx, long n) {
    Event stop;
    Group group(ctx);
    Park(ctx, group, stop, n);
    std::atomic<bool> end{false}, began{false};
    std::thread lister([&] {
      while (!end) {
        (void)ListFibers();
        began = true;
      }
    });
    while (!began) std::this_thread::yield();
    const Cost cost = Measure([&] {
      for (long i = 0; i < n / 10; ++i) {
        group.Go([&](const Context& c) { return stop.Wait(c); });
        Yield();
      }
    });
    end = true;
    lister.join();
    stop.Set();
    EXPECT_FALSE(group.Wait());
    return cost;
  });
}

// The loop's share, and the time that the thread takes for it.
TEST(ListGrowth, OfDumpedFibers) {
  double of_thread = 0;
  double first = 0;
  ExpectGrowth(2'000, [&](const Context& ctx, long n) {
    Event stop;
    Group group(ctx);
    Park(ctx, group, stop, n);
    std::string dump;
    const Cost cost = Measure([&] {
      const auto dumped = Offload(ctx, [&](const Context& c) {
        const double begin = ThreadSeconds();
        std::string text = DumpFibers(c);
        of_thread = ThreadSeconds() - begin;
        return text;
      });
      dump = *dumped;
    });
    if (first == 0) first = of_thread;
    EXPECT_EQ(dump.find("no stack"), std::string::npos);
    stop.Set();
    EXPECT_FALSE(group.Wait());
    return cost;
  });
  if (kMeasured) {
    EXPECT_LE(of_thread, 8 * first) << "four times as many";
  }
}

TEST(BacktraceGrowth, OfFibersThatAreLookedAtInPassing) {
  ExpectGrowth(12'500, [](const Context& ctx, long n) {
    Event stop;
    Group group(ctx);
    Park(ctx, group, stop, n);
    std::uint64_t last = 0;
    group.Go([&](const Context& c) {
      last = CurrentFiberId();
      return stop.Wait(c);
    });
    while (last == 0) Yield();
    Yield();
    const Cost cost = Measure([&] { EXPECT_TRUE(Backtrace(ctx, last).Ok()); });
    stop.Set();
    EXPECT_FALSE(group.Wait());
    return cost;
  });
}

long StatusKiB(const char* field) {
  long value = 0;
  if (std::FILE* file = std::fopen("/proc/self/status", "re")) {
    char line[256];
    while (std::fgets(line, sizeof(line), file) != nullptr) {
      if (std::strncmp(line, field, std::strlen(field)) == 0) value = std::strtol(line + std::strlen(field), nullptr, 10);
    }
    std::fclose(file);
  }
  return value;
}

// Stacks, their page tables and what is kept of them go back, in pieces.
TEST(FiberGrowth, OfMemoryThatEndedFibersLeave) {
  if (!kMeasured) GTEST_SKIP() << "sanitizers keep memory of their own";
  RunOptions options;
  options.loops = 1;
  options.stall_limit = {};
  options.deadlock_limit = {};
  ASSERT_FALSE(weft::Run(Background(), options, [](const Context& ctx) {
    constexpr long kFibers = 100'000;
    const long resident = StatusKiB("VmRSS:");
    const long tables = StatusKiB("VmPTE:");
    {
      Event stop;
      Group group(ctx);
      Park(ctx, group, stop, kFibers);
      EXPECT_GE(StatusKiB("VmRSS:") - resident, kFibers * 4);
      stop.Set();
      EXPECT_FALSE(group.Wait());
    }
    const Cost cost = Measure([&] {
      // Looks are half a second apart: who is idle, and who was not needed since.
      for (int i = 0; i < 100 && StatusKiB("VmPTE:") - tables > 1024; ++i) (void)Sleep(ctx, 100ms);
      (void)Sleep(ctx, 100ms);
    });
    malloc_trim(0);  // what the allocator keeps of the members is not ours
    std::printf("  left of %ld fibers: %ld KiB resident, %ld KiB of page tables; longest piece %.2f ms\n", kFibers,
                StatusKiB("VmRSS:") - resident, StatusKiB("VmPTE:") - tables, cost.longest_piece * 1e3);
    EXPECT_LE(StatusKiB("VmRSS:") - resident, 4096);
    EXPECT_LE(StatusKiB("VmPTE:") - tables, 1024);
    EXPECT_LE(cost.longest_piece, kPieceAtMost);
  }));
}

}  // namespace
}  // namespace weft
