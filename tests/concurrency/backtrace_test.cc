// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/backtrace.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/observe/stack_walk.h>
#include <weft/concurrency/internal/observe/symbols.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Not inlined, and with something to do after the wait, so that each has a frame. A static one is known to the symbol table only.
__attribute__((noinline)) void WaitInTheVault(const Context& ctx, Event& event, std::uint64_t& id) {
  id = CurrentFiberId();
  EXPECT_FALSE(event.Wait(ctx));
  id = 0;
}
__attribute__((noinline)) void EnterTheBank(const Context& ctx, Event& event, std::uint64_t& id) {
  WaitInTheVault(ctx, event, id);
  EXPECT_EQ(id, 0U);
}

// The place of the first frame of this function.
std::size_t Position(const std::vector<Frame>& frames, std::string_view function) {
  const auto at = std::find_if(frames.begin(), frames.end(), [&](const Frame& f) { return f.function.find(function) != std::string::npos; });
  return static_cast<std::size_t>(at - frames.begin());
}

TEST(Backtrace, NamesTheFunctionsOfAParkedFiber) {
  Virtually([](const Context& ctx) {
    Event open;
    std::uint64_t id = 0;
    Group group(ctx);
    group.Go([&](const Context& c) { EnterTheBank(c, open, id); });
    Settle(ctx);

    const Result<std::vector<Frame>> frames = Backtrace(ctx, id);
    open.Set();

    ASSERT_TRUE(frames.Ok()) << frames.Err().Message();
    const std::string text = FormatFrames(*frames);
    EXPECT_LT(Position(*frames, "WaitInTheVault"), Position(*frames, "EnterTheBank")) << text;
    EXPECT_LT(Position(*frames, "EnterTheBank"), Position(*frames, "Trampoline")) << text;
    EXPECT_LT(Position(*frames, "Trampoline"), frames->size()) << "all the way up:\n" << text;
    const Frame& vault = frames->at(Position(*frames, "WaitInTheVault"));
    EXPECT_FALSE(vault.module.empty());
    EXPECT_NE(vault.offset, 0U);
    EXPECT_NE(text.find("WaitInTheVault(weft::Context const&"), std::string::npos) << text;
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Backtrace, ReachesFibersOfOtherLoopsAndComesFromPlainThreads) {
  OnLoops(2, [](const Context& ctx) {
    for (int i = 0; i < Rounds(50); ++i) {
      Event open;
      std::uint64_t ids[2] = {};
      Group group(ctx, {.spread = true});
      std::atomic<int> entered{0};
      for (std::uint64_t& id : ids) {
        group.Go([&](const Context& c) {
          ++entered;
          EnterTheBank(c, open, id);
        });
      }
      while (entered.load() != 2) Yield();
      for (const FiberInfo& info : ListFibers()) {
        if (info.waits_for != "event") continue;
        const Result<std::vector<Frame>> direct = Backtrace(ctx, info.id);
        ASSERT_TRUE(direct.Ok()) << direct.Err().Message();
        EXPECT_LT(Position(*direct, "WaitInTheVault"), direct->size()) << FormatFrames(*direct);
        const Result<std::vector<Frame>> offloaded = Offload(ctx, [&](const Context& c) { return Backtrace(c, info.id); });
        EXPECT_TRUE(offloaded.Ok()) << offloaded.Err().Message();
      }
      open.Set();
      EXPECT_FALSE(group.Wait());
    }
  });
}

TEST(Backtrace, RefusesFibersThatRun) {
  OnLoops(2, [](const Context& ctx) {
    EXPECT_TRUE(Backtrace(ctx, CurrentFiberId()).Err().Is(std::errc::device_or_resource_busy)) << "itself";
    std::atomic<std::uint64_t> id{0};
    std::atomic<bool> stop{false};
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context&) {
        if (Loop::Current()->Index() == 0) return;
        id = CurrentFiberId();
        while (!stop) {
        }
      });
    }
    while (id == 0) Yield();
    EXPECT_TRUE(Backtrace(ctx, id).Err().Is(std::errc::device_or_resource_busy)) << "on another loop";
    stop = true;
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Backtrace, RefusesFibersThatHaveEndedAndUnknownOnes) {
  Virtually([](const Context& ctx) {
    std::uint64_t id = 0;
    {
      Group group(ctx);
      group.Go([&](const Context&) { id = CurrentFiberId(); });
      EXPECT_FALSE(group.Wait());
    }
    EXPECT_TRUE(Backtrace(ctx, id).Err().Is(std::errc::no_such_process));
    EXPECT_TRUE(Backtrace(ctx, 7).Err().Is(std::errc::no_such_process));
    EXPECT_TRUE(Backtrace(ctx, 0).Err().Is(std::errc::no_such_process));
  });
  EXPECT_TRUE(Backtrace(Background(), 7).Err().Is(std::errc::no_such_process)) << "without any loop";
}

// The message stays in the loop's inbox, and must find what it needs when its turn comes.
TEST(Backtrace, WaitsForABusyLoopNoLongerThanItsContext) {
  OnLoops(2, [](const Context& ctx) {
    Event open;
    std::atomic<std::uint64_t> parked{0};
    std::atomic<bool> busy{false}, stop{false};
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        if (Loop::Current()->Index() == 0) return;
        parked = CurrentFiberId();
        EXPECT_FALSE(open.Wait(c));
      });
    }
    while (parked == 0) Yield();
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context&) {
        if (Loop::Current()->Index() == 0) return;
        busy = true;
        while (!stop) {
        }
      });
    }
    while (!busy) Yield();
    const CancelScope scope = WithTimeout(ctx, 5ms);
    EXPECT_TRUE(Backtrace(scope.ctx, parked).Err().Is(kDeadlineExceeded));
    stop = true;
    open.Set();
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Backtrace, IsSafeWhileFibersComeAndGo) {
  std::atomic<bool> stop{false};
  std::thread asker([&] {
    while (!stop) {
      for (const FiberInfo& info : ListFibers()) (void)Backtrace(Background(), info.id);
    }
  });
  for (int round = 0; round < Rounds(20); ++round) {
    OnLoops(2, [](const Context& ctx) {
      Mutex mutex;
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 100; ++i) {
        group.Go([&](const Context&) {
          const std::lock_guard hold(mutex);
          Yield();
        });
      }
      EXPECT_FALSE(group.Wait());
    });
  }
  stop = true;
  asker.join();
}

TEST(DumpFibers, ShowsTheStackBelowEachLine) {
  Virtually([](const Context& ctx) {
    Event open;
    std::uint64_t id = 0;
    Group group(ctx);
    group.Go("robber", [&](const Context& c) { EnterTheBank(c, open, id); });
    Settle(ctx);

    const std::string dump = DumpFibers(ctx);
    open.Set();

    EXPECT_LT(dump.find("test  #"), dump.find("    no stack: the fiber is running")) << dump;
    EXPECT_LT(dump.find("  robber  #"), dump.find("WaitInTheVault")) << dump;
    EXPECT_NE(dump.find("WaitInTheVault"), std::string::npos) << dump;
    EXPECT_FALSE(group.Wait());
  });
}

// What compilers leave in the register when they use it for something else.
TEST(StackWalk, NeverReadsOutsideOfTheStack) {
  if (!internal::kCanWalkStacks) GTEST_SKIP();
#if defined(__aarch64__)
  constexpr std::size_t kFrame = 0x90 / 8, kReturn = 0xa0 / 8, kSize = 0xb0 / 8;
#else
  constexpr std::size_t kFrame = 0x38 / 8, kReturn = 0x40 / 8, kSize = 0x48 / 8;
#endif
  std::uintptr_t stack[kSize + 6] = {};
  const auto at = [&](std::size_t i) { return reinterpret_cast<std::uintptr_t>(stack + i); };
  const auto walk = [&](std::uintptr_t frame) {
    stack[kFrame] = frame;
    return internal::StackWalk(stack, stack + kSize + 6);
  };
  stack[kReturn] = 1;
  stack[kSize + 1] = 2;
  using Found = std::vector<std::uintptr_t>;
  for (const std::uintptr_t frame : {std::uintptr_t{0}, std::uintptr_t{8}, UINTPTR_MAX, UINTPTR_MAX - 7, at(0), at(kFrame), at(kSize) + 1,
                                     at(kSize + 5), at(kSize + 6), at(1000)}) {
    EXPECT_EQ(walk(frame), Found{1}) << frame - at(0);
  }
  EXPECT_EQ(walk(at(kSize)), (Found{1, 2})) << "the chain ends with zero";
  stack[kSize] = at(kSize);
  EXPECT_EQ(walk(at(kSize)), (Found{1, 2})) << "a chain that turns back";
  stack[kSize] = at(kSize + 4);
  stack[kSize + 5] = 3;
  EXPECT_EQ(walk(at(kSize)), (Found{1, 2, 3})) << "up to the last word";
}

TEST(SymbolFile, HasNoSymbolsInWhatIsNoProgram) {
  EXPECT_EQ(internal::SymbolFile("/proc/self/cmdline").Find(1), nullptr);
  EXPECT_EQ(internal::SymbolFile("/nowhere").Find(1), nullptr);
  EXPECT_EQ(internal::SymbolFile("/proc/self/exe").Find(0), nullptr);
}

}  // namespace
}  // namespace weft
