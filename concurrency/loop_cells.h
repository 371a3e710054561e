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

// Counters for what happens very often on all loops, such as those of metrics and statistics.
//
//   weft::LoopCells cells;                        // outlives the loops that count
//   const weft::LoopCell hits = cells.Take();
//
//   void Hit() { hits.Add(); }                    // in any fiber, some nanoseconds
//   std::uint64_t Hits() { return hits.Sum(); }   // so far, on all loops

namespace weft {

// A number that many add to and few read. Each loop has a part of it in its own memory, so that an
// addition costs some nanoseconds and does not disturb other loops. A reader adds up the parts.
// Threads that are no loops share one part, which is slower.
//
// It is a small handle to memory of a LoopCells, which must outlive it. From any thread; nothing
// suspends. A cell holds either integers or real numbers: use only Add and Sum on it, or only
// AddReal and RealSum.
class LoopCell {
 public:
  void Add(std::uint64_t n = 1) const noexcept {
    const std::uint32_t slot = internal::t_loop_slot;
    std::atomic<std::uint64_t>& part = PartOf(slot);
    if (slot != 0) [[likely]] {  // no other loop writes it, so this needs no atomic operation
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

  // The sum of all parts. Additions that others make at this moment may be missing.
  std::uint64_t Sum() const noexcept;
  double RealSum() const noexcept;

  // The cell `count` places after this one. Only for cells that were taken together.
  LoopCell After(std::size_t count) const noexcept { return LoopCell(first_ + count); }

 private:
  friend class LoopCells;
  // Cells of one loop lie next to each other; those of the next loop start a page later.
  static constexpr std::size_t kPerPage = 512;

  explicit LoopCell(std::atomic<std::uint64_t>* first) noexcept : first_(first) {}
  std::atomic<std::uint64_t>& PartOf(std::uint32_t slot) const noexcept {
    return first_[slot * kPerPage];
  }
  static std::uint64_t Plus(std::uint64_t old, double x) noexcept {
    return std::bit_cast<std::uint64_t>(std::bit_cast<double>(old) + x);
  }

  std::atomic<std::uint64_t>* first_;  // the part of slot 0
};

// The memory of cells, which all start at zero. It reserves address space for 256 loops, but a loop
// takes real memory only when it adds something: one page for every 512 cells.
class LoopCells {
 public:
  // How many cells can be taken together.
  static constexpr std::size_t kTogetherMax = LoopCell::kPerPage;

  LoopCells() = default;
  ~LoopCells();
  LoopCells(const LoopCells&) = delete;
  LoopCells& operator=(const LoopCells&) = delete;

  // Returns the first of `together` new cells, 1 to kTogetherMax; LoopCell::After gives the others.
  // From any thread. Throws std::bad_alloc.
  LoopCell Take(std::size_t together = 1);

 private:
  internal::ThreadMutex lock_;
  std::vector<std::atomic<std::uint64_t>*> blocks_ WEFT_GUARDED_BY(lock_);
  std::size_t taken_ WEFT_GUARDED_BY(lock_) = LoopCell::kPerPage;  // of the last block
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_LOOP_CELLS_H_
