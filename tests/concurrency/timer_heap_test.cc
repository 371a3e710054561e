// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/timer_heap.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;
using internal::kNever;
using internal::TimerHeap;

struct Numbered : LoopTimer {
  explicit Numbered(std::int64_t w) : LoopTimer([](LoopTimer*) {}), when(w) {}
  const std::int64_t when;
};

std::vector<std::unique_ptr<Numbered>> Make(std::size_t count) {
  std::mt19937 random(1);
  std::vector<std::unique_ptr<Numbered>> timers;
  for (std::size_t i = 0; i < count; ++i) timers.push_back(std::make_unique<Numbered>(static_cast<std::int64_t>(random() % 1000)));
  return timers;
}

// All that are armed, in their order, each once.
void ExpectAllInOrder(TimerHeap& heap, std::size_t count) {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t earliest = heap.Earliest();
    EXPECT_EQ(heap.PopDue(earliest - 1), nullptr);
    LoopTimer* timer = heap.PopDue(earliest);
    ASSERT_NE(timer, nullptr);
    EXPECT_FALSE(timer->Armed());
    EXPECT_EQ(static_cast<Numbered*>(timer)->when, earliest);
    EXPECT_GE(earliest, last);
    last = earliest;
  }
  EXPECT_TRUE(heap.Empty());
  EXPECT_EQ(heap.Earliest(), kNever);
  EXPECT_EQ(heap.PopDue(kNever - 1), nullptr);
}

// Where the system gives no more memory than for `most`.
class TimerHeapOf : public ::testing::TestWithParam<std::size_t> {};

TEST_P(TimerHeapOf, LosesNothingWhateverItHoldsInItsHeap) {
  TimerHeap heap(GetParam());
  auto timers = Make(1000);
  for (auto& timer : timers) heap.Arm(*timer, timer->when);
  EXPECT_LE(heap.Capacity(), GetParam());
  ExpectAllInOrder(heap, timers.size());
}

TEST_P(TimerHeapOf, DisarmsAndMovesWhereverTheTimerIs) {
  TimerHeap heap(GetParam());
  auto timers = Make(1000);
  for (auto& timer : timers) heap.Arm(*timer, timer->when + 5000);
  for (auto& timer : timers) EXPECT_TRUE(timer->Armed());
  std::size_t left = 0;
  for (std::size_t i = 0; i < timers.size(); ++i) {
    if (i % 3 == 0) {
      heap.Disarm(*timers[i]);
      EXPECT_FALSE(timers[i]->Armed());
      heap.Disarm(*timers[i]);
    } else {
      heap.Arm(*timers[i], timers[i]->when);
      ++left;
    }
  }
  ExpectAllInOrder(heap, left);
}

INSTANTIATE_TEST_SUITE_P(Most, TimerHeapOf, ::testing::Values(0, 128, 512, SIZE_MAX));

TEST(TimerHeap, FiresThoseOfOneTimeInTheOrderInWhichTheyWereArmed) {
  TimerHeap heap;
  auto timers = Make(300);
  for (auto& timer : timers) heap.Arm(*timer, 7);
  for (auto& timer : timers) EXPECT_EQ(heap.PopDue(7), timer.get());
}

TEST(TimerHeap, GivesItsMemoryBack) {
  TimerHeap heap;
  auto timers = Make(100'000);
  for (auto& timer : timers) heap.Arm(*timer, timer->when);
  EXPECT_GE(heap.Capacity(), timers.size());
  for (auto& timer : timers) heap.Disarm(*timer);
  EXPECT_LE(heap.Capacity(), 1000U);
}

}  // namespace
}  // namespace weft
