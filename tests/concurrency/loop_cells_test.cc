// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/loop_cells.h>

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/run.h>

#include "kit.h"

namespace weft {
namespace {

GroupOptions Spread() {
  GroupOptions spread;
  spread.spread = true;
  return spread;
}

TEST(LoopCells, NothingIsLostOfWhatLoopsAndThreadsAdd) {
  const int rounds = Rounds(20'000);
  LoopCells cells;
  const LoopCell whole = cells.Take();
  const LoopCell real = cells.Take();
  std::vector<std::thread> threads;

  OnLoops(3, [&](const Context& ctx) {
    const auto add = [&] {
      for (int i = 0; i < rounds; ++i) {
        whole.Add();
        real.AddReal(0.5);
      }
    };
    for (int i = 0; i < 2; ++i) threads.emplace_back(add);
    Group group(ctx, Spread());
    for (int i = 0; i < 6; ++i) {
      group.Go([&](const Context&) {
        add();
        Yield();
        add();
      });
    }
    EXPECT_FALSE(group.Wait());
  });
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(whole.Sum(), 14U * static_cast<unsigned>(rounds));
  EXPECT_EQ(real.RealSum(), 7.0 * rounds);
}

TEST(LoopCells, CellsOutliveTheirLoop) {
  LoopCells cells;
  const LoopCell cell = cells.Take();

  for (int i = 0; i < 300; ++i) OnLoops(1, [&](const Context&) { cell.Add(2); });

  EXPECT_EQ(cell.Sum(), 600U);
}

TEST(LoopCells, NoTwoRunningLoopsHaveTheSameSlot) {
  Mutex mutex;
  std::set<std::uint32_t> slots;
  OnLoops(4, [&](const Context& outer) {
    Group group(outer, Spread());
    for (int i = 0; i < 4; ++i) {
      group.Go([&](const Context&) {
        mutex.lock();
        slots.insert(internal::t_loop_slot);
        mutex.unlock();
        std::thread other([&] {
          EXPECT_EQ(internal::t_loop_slot, 0U);
          OnLoops(1, [&](const Context&) {
            mutex.lock();
            EXPECT_EQ(slots.count(internal::t_loop_slot), 0U);
            mutex.unlock();
          });
        });
        other.join();
      });
    }
    EXPECT_FALSE(group.Wait());
  });

  EXPECT_EQ(slots.size(), 4U);
  EXPECT_EQ(slots.count(0), 0U);
}

TEST(LoopCells, CellsTakenTogetherLieSideBySideAndAreTheirOwn) {
  LoopCells cells;
  std::vector<LoopCell> all;
  for (int i = 0; i < 40; ++i) {
    const LoopCell first = cells.Take(100);
    for (std::size_t k = 0; k < 100; ++k) all.push_back(first.After(k));
  }

  OnLoops(1, [&](const Context&) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i].Add(i);
  });

  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].Sum(), i);
}

TEST(LoopCells, TakesOnlyWhatFitsIntoAPage) {
  LoopCells cells;
  EXPECT_EQ(cells.Take(LoopCells::kTogetherMax).Sum(), 0U);
  WEFT_EXPECT_DEATH((void)cells.Take(LoopCells::kTogetherMax + 1), "LoopCells::Take");
  WEFT_EXPECT_DEATH((void)cells.Take(0), "LoopCells::Take");
}

}  // namespace
}  // namespace weft
