// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_QUEUE_WAITER_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_QUEUE_WAITER_H_

#include <cstdint>

#include <weft/concurrency/internal/base/list.h>

namespace weft::internal {

class FiberCore;
class Parker;

// A waiter in a queue, on its own stack. Unlike a Parker itself, one wait can be in several queues (Select),
// each with an outcome of its own. The functions that reach the Parker are here so that templates in public headers do not bring in
// what is below it.
//
// For a waiter without a sleeping fiber: its turn is its claim, and Deliver calls a function, under the lock of the queue.
struct QueueWaiter : Link<> {
  using Told = void(QueueWaiter&) noexcept;

  FiberCore* fiber = nullptr;  // the parker's, here for wakers on another loop: one cache line less to fetch
  union {
    Parker* parker = nullptr;
    Told* told;                // where outcome is kTold
  };
  std::uint32_t outcome = 0;   // what the parker is claimed with
  static constexpr std::uint32_t kTold = 0;

  void WaitWith(Parker& p, std::uint32_t claimed_with) noexcept;
  // `function` must not block, and must not touch the queue.
  void BeTold(Told* function) noexcept {
    told = function;
    outcome = kTold;
  }
  void Leave() {
    if (Linked()) Unlink();
  }
};

// Under the lock of the queue, for a waiter that was taken out of it; see Parker.
bool Claim(QueueWaiter& waiter) noexcept;
void Deliver(QueueWaiter& waiter, const void* queue = nullptr) noexcept;
inline bool Wake(QueueWaiter& waiter) noexcept {
  if (!Claim(waiter)) return false;
  Deliver(waiter);
  return true;
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_QUEUE_WAITER_H_
