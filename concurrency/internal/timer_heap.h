// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_TIMER_HEAP_H_
#define WEFT_CONCURRENCY_INTERNAL_TIMER_HEAP_H_

#include <cstdint>
#include <vector>

#include <weft/concurrency/internal/clock.h>
#include <weft/concurrency/internal/explorer.h>
#include <weft/concurrency/internal/fiber.h>
#include <weft/concurrency/loop.h>

namespace weft::internal {

// The timers of one loop, earliest first; those of the same time in the order in which they were armed (under Explore in any). A heap of four children
// a node: fewer cache lines than two on the way down.
class TimerHeap {
 public:
  bool Empty() const { return heap_.empty(); }
  std::int64_t Earliest() const { return heap_.empty() ? kNever : heap_.front().when; }

  void Arm(LoopTimer& timer, std::int64_t when) {
    if (timer.Armed()) Disarm(timer);
    Explorer* explorer = CurrentExplorer();
    heap_.push_back({when, explorer == nullptr ? order_++ : explorer->Random(), &timer});
    LoopAccess::Slot(timer) = static_cast<std::uint32_t>(heap_.size());
    Up(heap_.size() - 1);
  }

  void Disarm(LoopTimer& timer) {
    if (!timer.Armed()) return;
    const std::size_t at = LoopAccess::Slot(timer) - 1;
    LoopAccess::Slot(timer) = 0;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    Put(at, last);
    Up(at);
    Down(LoopAccess::Slot(*last.timer) - 1);
  }

  // Takes out the earliest timer that is due; null if none is.
  LoopTimer* PopDue(std::int64_t now) {
    if (heap_.empty() || heap_.front().when > now) return nullptr;
    LoopTimer* timer = heap_.front().timer;
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
      if (best >= heap_.size()) break;
      const std::size_t end = best + 4 < heap_.size() ? best + 4 : heap_.size();
      for (std::size_t child = best + 1; child < end; ++child) {
        if (heap_[child].Before(heap_[best])) best = child;
      }
      if (!heap_[best].Before(entry)) break;
      Put(at, heap_[best]);
      at = best;
    }
    Put(at, entry);
  }

  std::vector<Entry> heap_;
  std::uint64_t order_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_TIMER_HEAP_H_
