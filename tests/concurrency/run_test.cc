// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/run.h>

#include <dirent.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <weft/concurrency/await.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/cpu_count.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

int Entries(const char* directory) {
  int count = 0;
  DIR* dir = opendir(directory);
  while (readdir(dir) != nullptr) ++count;
  closedir(dir);
  return count;
}

TEST(Run, ReturnsWhatMainReturned) {
  EXPECT_FALSE(weft::Run(Background(), [](const Context&) {}));
  EXPECT_TRUE(weft::Run(Background(), [](const Context&) { return Error(kClosed); }).Is(kClosed));
}

TEST(Run, UsesTheCallersThreadAsItsFirstLoop) {
  const std::thread::id caller = std::this_thread::get_id();
  OnLoops(2, [&](const Context&) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    EXPECT_EQ(Loop::Current()->Index(), 0);
    EXPECT_EQ(ListFibers().at(0).name, "main");
  });
  EXPECT_EQ(Loop::Current(), nullptr);
}

TEST(Run, MakesAsManyLoopsAsWanted) {
  OnLoops(3, [](const Context&) { EXPECT_EQ(LoopCount(), 3); });
  EXPECT_FALSE(weft::Run(Background(), [](const Context&) { EXPECT_EQ(LoopCount(), internal::UsableCpus()); }));
}

TEST(Run, InAFiberJustCalls) {
  static constexpr Key<int> kKey{"key"};
  OnLoops(2, [](const Context& ctx) {
    const std::uint64_t id = CurrentFiberId();
    const Error err = weft::Run(WithValue(ctx, kKey, 1), [&](const Context& c) -> Error {
      EXPECT_EQ(CurrentFiberId(), id);
      EXPECT_EQ(*c.Value(kKey), 1);
      EXPECT_EQ(*CurrentContext().Value(kKey), 1) << "the current context is the one it was given";
      throw std::runtime_error("inner");
    });
    EXPECT_EQ(err.Message(), "inner");
    EXPECT_EQ(CurrentContext().Value(kKey), nullptr);
  });
}

TEST(Run, EndsAfterEverythingThatWasStartedOnIt) {
  bool ended = false;
  std::unique_ptr<Group> group;
  std::thread owner;
  OnLoops(2, [&](const Context&) {
    group = std::make_unique<Group>(Background());
    group->Go([&](const Context& c) {
      (void)Sleep(WithoutCancel(c), 5ms);
      ended = true;
    });
    // A group on the heap keeps the loops until its owner ends it, wherever that is.
    owner = std::thread([&] { group.reset(); });
  });
  EXPECT_TRUE(ended);
  owner.join();
}

// Threads and descriptors are as before.
TEST(Run, LeavesNothingBehind) {
  const auto once = [] {
    OnLoops(2, [](const Context& ctx) {
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 4; ++i) group.Go([](const Context&) { Yield(); });
      EXPECT_FALSE(Offload(ctx, [] {}));
      (void)CurrentExecutor();
      EXPECT_FALSE(group.Wait());
    });
  };
  once();
  const int descriptors = Entries("/proc/self/fd");
  const int threads = Entries("/proc/self/task");

  for (int i = 0; i < (kSanitized ? 100 : 1000); ++i) once();

  EXPECT_EQ(Entries("/proc/self/fd"), descriptors);
  EXPECT_EQ(Entries("/proc/self/task"), threads);
  EXPECT_TRUE(ListFibers().empty());
}

TEST(Run, SeveralMayRunSideBySide) {
  std::vector<std::thread> threads;
  std::atomic<int> runs{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        OnLoops(2, [&](const Context& ctx) {
          Group group(ctx, {.spread = true});
          for (int k = 0; k < 10; ++k) group.Go([&](const Context&) { ++runs; });
          EXPECT_FALSE(group.Wait());
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runs.load(), 400);
}

TEST(Run, WakesCrossLoopsManyTimes) {
  OnLoops(2, [](const Context& ctx) {
    // Two fibers on two loops wake each other in turn.
    const int rounds = Rounds(20000);
    std::vector<Event> ping(static_cast<std::size_t>(rounds));
    std::vector<Event> pong(static_cast<std::size_t>(rounds));
    Group group(ctx, {.spread = true});
    group.Go([&](const Context& c) {
      for (std::size_t i = 0; i < ping.size(); ++i) {
        ping[i].Set();
        if (Error err = pong[i].Wait(c)) return err;
      }
      return Error();
    });
    group.Go([&](const Context& c) {
      for (std::size_t i = 0; i < ping.size(); ++i) {
        if (Error err = ping[i].Wait(c)) return err;
        pong[i].Set();
      }
      return Error();
    });
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Yield, OnAPlainThreadYieldsTheThread) { Yield(); }

TEST(CpuCount, ReadsAQuotaRoundedUp) {
  struct Row {
    const char* text;
    int cpus;
  };
  const Row rows[] = {
      {"max 100000\n", 0}, {"100000 100000\n", 1}, {"150000 100000\n", 2}, {"50000 100000\n", 1},
      {"200000 100000", 2}, {"200001 100000", 3},  {"", 0},                {"garbage", 0},
      {"100000", 0},        {"0 100000", 0},       {"-1 100000", 0},       {"100000 0", 0},
  };
  for (const Row& row : rows) EXPECT_EQ(internal::CpusOfQuota(row.text), row.cpus) << row.text;
  EXPECT_GE(internal::UsableCpus(), 1);
}

}  // namespace
}  // namespace weft
