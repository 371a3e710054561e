// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/run.h>

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <boost/asio/post.hpp>

#include <weft/concurrency/await.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/resources.h>
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

// Descriptors are taken until just this many are left.
class FewDescriptors {
 public:
  explicit FewDescriptors(int left) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit few = before_;
    const int next = dup(0);
    close(next);
    few.rlim_cur = static_cast<rlim_t>(next + left);  // of those that are open none lies above, unless a test has left one
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Run, WithTooFewDescriptorsIsAnErrorAndLeavesNothingBehind) {
  if (kAsan) GTEST_SKIP() << "UndefinedBehaviorSanitizer looks at classes that it has not met through a pipe";
  RunOptions options;
  options.loops = 3;
  const int before = Entries("/proc/self/fd");
  bool ran = false;
  int enough = 0;
  for (;; ++enough) {
    const FewDescriptors few(enough);
    const Error err = weft::Run(Background(), options, [&](const Context&) { ran = true; });
    EXPECT_EQ(ran, !err);
    if (!err) break;
    EXPECT_EQ(err.Message(), "Run: no descriptors for the loops; raise the limit (ulimit -n): Too many open files");
    EXPECT_TRUE(err.Is(std::errc::too_many_files_open));
  }
  EXPECT_EQ(enough, 6) << "two for each loop";
  EXPECT_EQ(Entries("/proc/self/fd"), before);
  EXPECT_TRUE(ListFibers().empty());
}

// Asio takes its descriptors when a loop is first asked for an executor.
TEST(Run, TooFewDescriptorsForAnExecutorAreAnErrorOfWhoAsksForIt) {
  if (kAsan) GTEST_SKIP() << "UndefinedBehaviorSanitizer looks at classes that it has not met through a pipe";
  const int before = Entries("/proc/self/fd");
  OnLoops(1, [](const Context& ctx) {
    int enough = 0;
    for (bool made = false; !made; ++enough) {
      const FewDescriptors few(enough);
      Group group(ctx);
      group.Go([](const Context&) { (void)CurrentExecutor(); });
      const Error err = group.Wait();
      made = !err;
      EXPECT_TRUE(made || err.Exception() != nullptr);
      Group waits(ctx);
      if (!made) waits.Go([](const Context& c) { return boost::asio::post(Await(c)); });
      EXPECT_EQ(static_cast<bool>(waits.Wait()), !made);
    }
    EXPECT_GT(enough, 1);
  });
  EXPECT_EQ(Entries("/proc/self/fd"), before);
}

TEST(Run, MakesAsManyLoopsAsWanted) {
  OnLoops(3, [](const Context&) { EXPECT_EQ(LoopCount(), 3); });
  EXPECT_FALSE(weft::Run(Background(), [](const Context&) { EXPECT_EQ(LoopCount(), UsableCpus()); }));
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

}  // namespace
}  // namespace weft
