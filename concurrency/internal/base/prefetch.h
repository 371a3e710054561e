// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_PREFETCH_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_PREFETCH_H_

namespace weft::internal {

// Fetches a cache line that another core wrote last, in order to write it here. A hint: any address is allowed. On x86-64, compilers
// turn __builtin_prefetch into a fetch for reading unless they know that the other instruction exists; the first write would then go
// to the other core once more.
inline void PrefetchToWrite(const void* address) noexcept {
#if defined(__x86_64__)
  asm volatile("prefetchw (%0)" : : "r"(address));
#else
  __builtin_prefetch(address, 1);
#endif
}

// What a fiber touches soon after a fiber of another loop has woken it, and what is in that other core's cache: its own waiter and,
// if it replies, the queue, the waiter and the fiber to which it hands the reply. One after the other, as the code reaches them, these
// take a third of a hand-over between two loops. Here they are fetched together, before the fiber runs.
//
// A fiber replies if, each time that it is woken, it hands something to its waker, which waits in the same place. In a pipeline, where
// it hands it to a third fiber, these lines are better left alone: the third one is probably using them.
//
// All of them are hints: the addresses may be those of objects that no longer exist. Only on the fiber's own loop.
class FetchList {
 public:
  void SetWaiter(const void* waiter) noexcept { waiter_ = waiter; }
  void WokenBy(const void* fiber) noexcept {
    answers_ = answers_ && handed_ && fiber == to_fiber_;
    handed_ = false;
    woken_by_ = fiber;
  }
  // The fiber has handed something to `waiter`, which is one of `fiber` of another loop.
  void HandedTo(const void* queue, const void* waiter, const void* fiber) noexcept {
    answers_ = waiter == to_waiter_ && fiber == woken_by_;
    handed_ = true;
    to_queue_ = queue;
    to_waiter_ = waiter;
    to_fiber_ = fiber;
  }
  void FetchAll() const noexcept {
    __builtin_prefetch(waiter_);
    if (!answers_) return;
    PrefetchToWrite(to_queue_);
    PrefetchToWrite(to_fiber_);
    PrefetchToWrite(to_waiter_);
  }

 private:
  const void* waiter_ = nullptr;
  const void* woken_by_ = nullptr;
  const void* to_queue_ = nullptr;
  const void* to_waiter_ = nullptr;
  const void* to_fiber_ = nullptr;
  bool handed_ = false;  // since it was woken
  bool answers_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_PREFETCH_H_
