// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_LOOP_CELLS_H_
#define WEFT_CONCURRENCY_LOOP_CELLS_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <weft/concurrency/internal/base/loop_slot.h>
#include <weft/concurrency/internal/base/thread_mutex.h>

// For those who count what happens on all loops very often, such as metrics and statistics.
namespace weft {

// A number that everybody adds to, and few read: each loop has a part of it in memory of its own,
// so that an addition costs some nanoseconds and disturbs no other loop; a reader adds the parts
// up. Threads that are no loops share one part, which is slower. A small handle on memory of a
// LoopCells, which outlives it. From any thread; nothing suspends.
//
// A cell holds either integers or reals, by the functions that are used on it.
class LoopCell {
 public:
  void Add(std::uint64_t n = 1) const noexcept {
    const std::uint32_t slot = internal::t_loop_slot;
    std::atomic<std::uint64_t>& part = PartOf(slot);
    if (slot != 0) [[likely]] {  // nobody else writes it, so this needs no atomic step
      part.store(part.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    } else {
      part.fetch_add(n, std::memory_order_relaxed);
    }
  }
  void AddReal(double x) const noexcept {
    const std::uint32_t slot = internal::t_loop_slot;
    std::atomic<std::uint64_t>& part = PartOf(slot);
    std::uint64_t old = part.load(std::memory_order_relaxed);
    if (slot != 0) [[likely]] {
      part.store(Plus(old, x), std::memory_order_relaxed);
    } else {
      while (!part.compare_exchange_weak(old, Plus(old, x), std::memory_order_relaxed)) continue;
    }
  }

  // All parts together. What others add at this moment may be missing.
  std::uint64_t Sum() const noexcept;
  double RealSum() const noexcept;

  // The one so many further, of those that were taken together.
  LoopCell After(std::size_t count) const noexcept { return LoopCell(first_ + count); }

 private:
  friend class LoopCells;
  // Cells of one loop lie side by side; those of the next loop begin a page after them.
  static constexpr std::size_t kPerPage = 512;

  explicit LoopCell(std::atomic<std::uint64_t>* first) noexcept : first_(first) {}
  std::atomic<std::uint64_t>& PartOf(std::uint32_t slot) const noexcept { return first_[slot * kPerPage]; }
  static std::uint64_t Plus(std::uint64_t old, double x) noexcept {
    return std::bit_cast<std::uint64_t>(std::bit_cast<double>(old) + x);
  }

  std::atomic<std::uint64_t>* first_;  // the part of slot 0
};

// Memory for cells, which all begin at zero. It takes address space for 256 loops, and real memory
// for those that add something: a page for each loop and 512 cells.
//
//   weft::LoopCells cells;                      // outlives the loops that count
//   const weft::LoopCell hits = cells.Take();
//   hits.Add();                                 // in any fiber
//   std::uint64_t so_far = hits.Sum();
class LoopCells {
 public:
  static constexpr std::size_t kTogetherMax = LoopCell::kPerPage;

  LoopCells() = default;
  ~LoopCells();
  LoopCells(const LoopCells&) = delete;
  LoopCells& operator=(const LoopCells&) = delete;

  // The first of `together` new cells, 1 to kTogetherMax; LoopCell::After gives the others. From
  // any thread. Throws std::bad_alloc.
  LoopCell Take(std::size_t together = 1);

 private:
  internal::ThreadMutex lock_;
  std::vector<std::atomic<std::uint64_t>*> blocks_ WEFT_GUARDED_BY(lock_);
  std::size_t taken_ WEFT_GUARDED_BY(lock_) = LoopCell::kPerPage;  // of the last block
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_LOOP_CELLS_H_
