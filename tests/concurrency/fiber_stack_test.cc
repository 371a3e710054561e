// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/stack.h>

#include <alloca.h>
#include <sys/mman.h>

#include <cstring>
#include <map>
#include <vector>

#include <gmock/gmock.h>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/runtime/loop_core.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;
using internal::GuardKind;
using internal::Stack;
using internal::StackMaker;

constexpr std::size_t kKiB = 1024;

// Touches this much of the stack. The compiler must not see through it.
__attribute__((noinline)) void UseStack(std::size_t bytes) {
  auto* room = static_cast<volatile char*>(alloca(bytes));
  for (std::size_t i = 0; i < bytes; i += 1024) room[i] = 1;
}

volatile bool g_go_on = true;

__attribute__((noinline)) int Recurse(int depth) {
  volatile char room[512];
  room[0] = static_cast<char>(depth);
  return g_go_on ? Recurse(depth + 1) + room[0] : depth;
}

void Overflow(GuardKind guard) {
  internal::SetBestGuard(guard);
  TestOptions options;
  options.stack_bytes = 128 * kKiB;
  (void)RunTest(options, [](const Context& ctx) {
    Group group(ctx);
    group.Go("deep one", [](const Context&) { (void)Recurse(0); });
    (void)group.Wait();
  });
}

TEST(FiberStackDeathTest, OverflowNamesTheFiber) {
  const char* message = "stack overflow in fiber \"deep one\": its stack has 128 KiB";
  WEFT_EXPECT_DEATH(Overflow(GuardKind::kMadvise), message);
  WEFT_EXPECT_DEATH(Overflow(GuardKind::kMprotect), message);
}

// Where no guard can be had, an overflow is found at the next park.
TEST(FiberStackDeathTest, OverflowOverACanaryNamesTheFiberWhenItParks) {
  if (kAsan) GTEST_SKIP() << "the second stack of AddressSanitizer would take the array";
  WEFT_EXPECT_DEATH(
      {
        internal::SetBestGuard(GuardKind::kCanary);
        TestOptions options;
        options.stack_bytes = 64 * kKiB;
        (void)RunTest(options, [](const Context& ctx) {
          Group group(ctx);
          group.Go("deep one", [](const Context&) {
            UseStack(64 * kKiB - 4 * kKiB);  // into the lowest page, and not beyond
            Yield();
          });
          (void)group.Wait();
        });
      },
      "stack overflow in fiber \"deep one\"");
}

TEST(FiberStackDeathTest, AFaultElsewhereIsNotTakenForAnOverflow) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  int* volatile nowhere = nullptr;
  EXPECT_DEATH(Virtually([&](const Context&) { *nowhere = 1; }), ::testing::Not(::testing::HasSubstr("stack overflow in fiber")));
}

class FiberStackGuard : public ::testing::TestWithParam<GuardKind> {
 public:
  ~FiberStackGuard() override { internal::SetBestGuard(GuardKind::kMadvise); }
};

TEST_P(FiberStackGuard, StacksWorkAndAreReused) {
  internal::SetBestGuard(GetParam());
  TestOptions options;
  options.stack_bytes = 256 * kKiB;
  const Error err = RunTest(options, [](const Context& ctx) {
    for (int round = 0; round < 3; ++round) {
      Group group(ctx);
      for (int i = 0; i < 50; ++i) {
        group.Go([](const Context& c) {
          UseStack(100 * kKiB);
          return Sleep(c, 1s);
        });
      }
      EXPECT_FALSE(group.Wait());
    }
  });
  EXPECT_FALSE(err) << err.Message();
}

INSTANTIATE_TEST_SUITE_P(Kinds, FiberStackGuard, ::testing::Values(GuardKind::kMadvise, GuardKind::kMprotect, GuardKind::kCanary));

// Each mprotect guard costs mappings, of which the system has a bounded number: they are counted, and counted off again.
TEST(FiberStack, GuardsAreGivenBack) {
  internal::SetBestGuard(GuardKind::kMprotect);
  bool canary = false;
  for (int i = 0; i < 40; ++i) {
    StackMaker maker(64 * kKiB);
    for (int k = 0; k < 1000; ++k) {
      Stack stack;
      ASSERT_TRUE(maker.Make(stack));
      canary = canary || stack.canary;
    }
  }
  internal::SetBestGuard(GuardKind::kMadvise);

  EXPECT_FALSE(canary);
}

TEST(FiberStack, HasAtLeast64KiB) {
  EXPECT_EQ(StackMaker(0).StackBytes(), 64 * kKiB);
  EXPECT_EQ(StackMaker(1).StackBytes(), 64 * kKiB);
  EXPECT_EQ(StackMaker(65 * kKiB).StackBytes(), 128 * kKiB);
}

TEST(FiberStack, TrimGivesMemoryBackAndKeepsTheTop) {
  StackMaker maker(1024 * kKiB);
  Stack stack;
  ASSERT_TRUE(maker.Make(stack));
  EXPECT_EQ(StackMaker::Resident(stack), 0U);
  std::memset(stack.top - 300 * kKiB, 1, 300 * kKiB);
  EXPECT_GE(StackMaker::Resident(stack), 300 * kKiB);

  StackMaker::Trim(stack, 16 * kKiB);

  EXPECT_EQ(StackMaker::Resident(stack), 16 * kKiB);
  EXPECT_EQ(static_cast<int>(*(stack.top - 1)), 1);
  EXPECT_EQ(static_cast<int>(*(stack.top - 100 * kKiB)), 0);
}

TEST(FiberStack, TheWarmestIsReusedFirst) {
  Virtually([](const Context& ctx) {
    const void* last = nullptr;
    for (int i = 0; i < 20; ++i) {
      Group group(ctx);
      group.Go([&](const Context&) {
        char here = 0;
        const void* mine = internal::CurrentFiber();
        EXPECT_TRUE(last == nullptr || mine == last) << static_cast<int>(here);
        last = mine;
      });
      EXPECT_FALSE(group.Wait());
    }
  });
}

TEST(FiberStack, ASlabOfWhichNothingIsUsedIsUnmapped) {
  StackMaker maker(64 * kKiB);
  std::vector<Stack> stacks(100);
  for (Stack& stack : stacks) ASSERT_TRUE(maker.Make(stack));
  EXPECT_GT(maker.Slabs(), 1U);
  for (std::size_t i = 0; i < stacks.size(); ++i) {
    if (i != 50) maker.Give(stacks[i]);
  }
  EXPECT_EQ(maker.Slabs(), 1U);
  *stacks[50].bottom = std::byte{1};
  maker.Give(stacks[50]);
  EXPECT_EQ(maker.Slabs(), 0U);

  Stack again;
  ASSERT_TRUE(maker.Make(again));
  *again.bottom = std::byte{1};
}

TEST(FiberStack, FreeStacksBetweenOthersGiveTheirPagesBackInPieces) {
  StackMaker maker(64 * kKiB);
  Stack stacks[8];
  for (Stack& stack : stacks) {
    ASSERT_TRUE(maker.Make(stack));
    std::memset(stack.bottom, 1, stack.Bytes());
  }
  for (int i = 1; i < 7; ++i) maker.Give(stacks[i]);
  const auto resident = [&] {
    int count = 0;
    for (const Stack& stack : stacks) count += StackMaker::Resident(stack) != 0 ? 1 : 0;
    return count;
  };
  EXPECT_EQ(resident(), 8);
  EXPECT_TRUE(maker.Clean(4));
  EXPECT_EQ(resident(), 4);
  EXPECT_FALSE(maker.Clean(4));
  EXPECT_EQ(resident(), 2);
  EXPECT_FALSE(maker.Clean(4));

  // Their guards are as they were.
  Stack again;
  ASSERT_TRUE(maker.Make(again));
  WEFT_EXPECT_DEATH(*(again.bottom - 1) = std::byte{1}, "");
}

// Whether anything lies there; what is not mapped does not.
bool AnythingResident(const Stack& stack) {
  unsigned char pages[16];
  const std::size_t piece = sizeof(pages) * 4096;
  for (std::byte* at = stack.bottom; at < stack.top; at += piece) {
    if (mincore(at, piece, pages) != 0) continue;
    for (const unsigned char page : pages) {
      if ((page & 1) != 0) return true;
    }
  }
  return false;
}

// Fibers that nobody needs any more are destroyed with their stacks, half a second later.
TEST(FiberStack, ColdFibersGiveTheirStacksBack) {
  Virtually([](const Context& ctx) {
    std::map<const void*, Stack> stacks;
    {
      Group group(ctx);
      for (int i = 0; i < 100; ++i) {
        group.Go([&](const Context& c) {
          stacks.emplace(internal::CurrentFiber(), internal::CurrentFiber()->stack);
          UseStack(32 * kKiB);
          return Sleep(c, 1s);
        });
      }
      EXPECT_FALSE(group.Wait());
    }
    EXPECT_EQ(stacks.size(), 100U);
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(Sleep(ctx, 1s));

    int resident = 0;
    for (const auto& [fiber, stack] : stacks) resident += AnythingResident(stack) ? 1 : 0;
    EXPECT_LE(resident, 20);
    EXPECT_LE(internal::CurrentLoop()->IdleFibers(), 20U);
    // And others take their place.
    Group group(ctx);
    for (int i = 0; i < 100; ++i) {
      group.Go([](const Context& c) {
        UseStack(32 * kKiB);
        return Sleep(c, 1s);
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

// A frame that begins near the end of the stack and is larger than the guard: it is stopped there, because it touches its pages in order.
__attribute__((noinline)) void LargeFrame(std::size_t bytes) {
  char* const low = static_cast<char*>(alloca(bytes));
  std::memset(low, 0x55, 4096);
  asm volatile("" : : "r"(low) : "memory");
}

TEST(FiberStackDeathTest, AFrameLargerThanTheGuardDoesNotStepOverIt) {
#if !defined(WEFT_STACK_CLASH_PROTECTION)
  GTEST_SKIP() << "the compiler, or the configuration, has no protection";
#endif
  if (kAsan) GTEST_SKIP() << "AddressSanitizer reports such a frame itself";
  WEFT_EXPECT_DEATH(Virtually([](const Context& ctx) {
                      Group group(ctx);
                      group.Go("neighbour", [](const Context& c) { return Sleep(c, 1s); });
                      group.Go("large frame", [](const Context&) { LargeFrame(1100 * kKiB); });
                      (void)group.Wait();
                    }),
                    "stack overflow in fiber \"large frame\"");
}

}  // namespace
}  // namespace weft
