// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_TIMER_HEAP_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_TIMER_HEAP_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/runtime/explorer.h>
#include <weft/concurrency/internal/runtime/loop_access.h>
#include <weft/concurrency/loop_hooks.h>

namespace weft::internal {

// The timers of one loop, earliest first; those of the same time in the order in which they were armed (under Explore in any). A heap of four children
// a node: fewer cache lines than two on the way down. It is in pages of its own, which the system moves and takes back without a copy,
// so growing and shrinking never takes long. Timers that find no room, because the system has no memory, wait in a list
// until there is some: nothing is lost, it only takes longer to find the earliest.
class TimerHeap {
 public:
  explicit TimerHeap(std::size_t most = SIZE_MAX) noexcept : most_(most) {}  // for tests: as many as the system gives memory for
  ~TimerHeap() { Resize(0); }
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;

  bool Empty() const { return size_ == 0 && waiting_ == nullptr; }
  std::int64_t Earliest() const {
    const std::int64_t first = size_ == 0 ? kNever : heap_[0].when;
    if (waiting_ == nullptr) [[likely]] return first;
    return std::min(first, LoopAccess::When(*EarliestWaiting()));
  }
  std::size_t Capacity() const { return capacity_; }

  void Arm(LoopTimer& timer, std::int64_t when) {
    if (timer.Armed()) Disarm(timer);
    if (size_ == capacity_ && !Resize(capacity_ == 0 ? kLeast : capacity_ * 2)) [[unlikely]] return Wait(timer, when);
    Insert(timer, when);
  }

  void Disarm(LoopTimer& timer) {
    if (!timer.Armed()) return;
    if (LoopAccess::Slot(timer) == kWaiting) [[unlikely]] return StopWaiting(timer);
    const std::size_t at = LoopAccess::Slot(timer) - 1;
    LoopAccess::Slot(timer) = 0;
    const Entry last = heap_[--size_];
    if (size_ < capacity_ / 4 && capacity_ > kLeast) [[unlikely]] (void)Resize(capacity_ / 2);
    if (at == size_) return;
    Put(at, last);
    Up(at);
    Down(LoopAccess::Slot(*last.timer) - 1);
  }

  // Takes out the earliest timer that is due; null if none is.
  LoopTimer* PopDue(std::int64_t now) {
    if (waiting_ != nullptr) [[unlikely]] return PopDueOfAll(now);
    if (size_ == 0 || heap_[0].when > now) return nullptr;
    LoopTimer* timer = heap_[0].timer;
    Disarm(*timer);
    return timer;
  }

 private:
  struct Entry {
    std::int64_t when;
    std::uint64_t order;
    LoopTimer* timer;
    bool Before(const Entry& other) const { return when != other.when ? when < other.when : order < other.order; }
  };
  static constexpr std::size_t kLeast = 128;               // entries
  static constexpr std::uint32_t kWaiting = UINT32_MAX;    // the slot of those in the list

  // In timer_heap.cc: what seldom happens.
  bool Resize(std::size_t capacity) noexcept;
  void Wait(LoopTimer& timer, std::int64_t when) noexcept;
  void StopWaiting(LoopTimer& timer) noexcept;
  LoopTimer* EarliestWaiting() const noexcept;
  LoopTimer* PopDueOfAll(std::int64_t now) noexcept;

  void Insert(LoopTimer& timer, std::int64_t when) {
    Explorer* explorer = CurrentExplorer();
    heap_[size_++] = {when, explorer == nullptr ? order_++ : explorer->Random(), &timer};
    LoopAccess::Slot(timer) = static_cast<std::uint32_t>(size_);
    Up(size_ - 1);
  }
  void Put(std::size_t at, const Entry& entry) {
    heap_[at] = entry;
    LoopAccess::Slot(*entry.timer) = static_cast<std::uint32_t>(at + 1);
  }
  void Up(std::size_t at) {
    const Entry entry = heap_[at];
    while (at > 0 && entry.Before(heap_[(at - 1) / 4])) {
      Put(at, heap_[(at - 1) / 4]);
      at = (at - 1) / 4;
    }
    Put(at, entry);
  }
  void Down(std::size_t at) {
    const Entry entry = heap_[at];
    for (;;) {
      std::size_t best = at * 4 + 1;
      if (best >= size_) break;
      const std::size_t end = best + 4 < size_ ? best + 4 : size_;
      for (std::size_t child = best + 1; child < end; ++child) {
        if (heap_[child].Before(heap_[best])) best = child;
      }
      if (!heap_[best].Before(entry)) break;
      Put(at, heap_[best]);
      at = best;
    }
    Put(at, entry);
  }

  const std::size_t most_;
  Entry* heap_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::uint64_t order_ = 0;
  LoopTimer* waiting_ = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_TIMER_HEAP_H_
