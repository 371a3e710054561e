// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/timer_heap.h>

#include <sys/mman.h>

namespace weft::internal {

// False, and nothing has changed: there is no memory. To shrink cannot fail.
bool TimerHeap::Resize(std::size_t capacity) noexcept {
  if (capacity > most_) return false;
  const std::size_t before = capacity_ * sizeof(Entry);
  const std::size_t after = capacity * sizeof(Entry);
  if (after == 0) {
    if (heap_ != nullptr) munmap(heap_, before);
    heap_ = nullptr;
    capacity_ = 0;
    return true;
  }
  void* place = heap_ == nullptr ? mmap(nullptr, after, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                 : mremap(heap_, before, after, MREMAP_MAYMOVE);
  if (place == MAP_FAILED) return false;
  heap_ = static_cast<Entry*>(place);
  capacity_ = capacity;
  return true;
}

void TimerHeap::Wait(LoopTimer& timer, std::int64_t when) noexcept {
  LoopAccess::Slot(timer) = kWaiting;
  LoopAccess::When(timer) = when;
  LoopAccess::Next(timer) = waiting_;
  waiting_ = &timer;
}

void TimerHeap::StopWaiting(LoopTimer& timer) noexcept {
  LoopAccess::Slot(timer) = 0;
  LoopTimer** at = &waiting_;
  while (*at != &timer) at = &LoopAccess::Next(**at);
  *at = LoopAccess::Next(timer);
}

LoopTimer* TimerHeap::EarliestWaiting() const noexcept {
  LoopTimer* earliest = waiting_;
  for (LoopTimer* timer = waiting_; timer != nullptr; timer = LoopAccess::Next(*timer)) {
    if (LoopAccess::When(*timer) < LoopAccess::When(*earliest)) earliest = timer;
  }
  return earliest;
}

// First, as many as there is room for by now are moved into the heap.
LoopTimer* TimerHeap::PopDueOfAll(std::int64_t now) noexcept {
  while (waiting_ != nullptr && (size_ < capacity_ || Resize(capacity_ == 0 ? kLeast : capacity_ * 2))) {
    LoopTimer& timer = *waiting_;
    waiting_ = LoopAccess::Next(timer);
    Insert(timer, LoopAccess::When(timer));
  }
  if (waiting_ == nullptr) return PopDue(now);
  if (Earliest() > now) return nullptr;
  LoopTimer* earliest = EarliestWaiting();
  if (size_ != 0 && heap_[0].when <= LoopAccess::When(*earliest)) earliest = heap_[0].timer;
  Disarm(*earliest);
  return earliest;
}

}  // namespace weft::internal
