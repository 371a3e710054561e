// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_PARK_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_PARK_H_

#include <atomic>
#include <cstdint>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/internal/runtime/thread_tally.h>

namespace weft::internal {

// The one suspension primitive: one wait of one fiber, or of one plain thread, on its stack. Everything that blocks is built
// on it.
//
// A wait has one outcome: the first claim decides, so an operation ends or is canceled, never both. The pattern:
//   1. make a Parker and put it into a wait queue, under the queue's lock;
//   2. Park(ctx) without the lock;
//   3. if the outcome is not the queue's, take the lock and leave the queue.
// A waker takes the parker out of its queue under the lock and calls Wake while it holds it: the waiter cannot leave meanwhile.
// If Wake is false, the wait ended otherwise, and the waker must choose another waiter (or keep what it wanted to hand over).
//
// A hand-over needs two steps: Claim decides, then the value is moved, then Deliver lets the waiter continue. A fiber continues
// only after Deliver. A thread may see the claim earlier, so it must take the queue's lock before it looks (OnThread).
//
// A fiber's outcome is stored in the fiber, so a fiber has one Parker at a time: it must have left all queues before it makes
// the next one.
class Parker : public Link<> {
 public:
  enum : std::uint32_t { kPending = 0, kContextDone = 1, kTimedOut = 2, kWoken = 3 };  // users may continue from kWoken
  static constexpr std::uint32_t kPendingUnderContext = UINT32_MAX;  // as kPending, but the context's end may claim it

  // `waits_for` is a literal, for debugging. Aborts on a loop's own stack. Under Explore others may run here, unless the caller
  // takes it and what it did before for one step (`one_step`), or holds a lock.
  explicit Parker(const char* waits_for, bool one_step = false) noexcept;
  Parker(const Parker&) = delete;
  Parker& operator=(const Parker&) = delete;

  // Waits until Wake, the end of the context or `until_ns`; returns the outcome. Once for each Parker. In a fiber its job's
  // BeforePark runs first.
  std::uint32_t Park(const Context& ctx, std::int64_t until_ns = kNever) noexcept;
  // The same without a context: for waits that must not be canceled.
  std::uint32_t ParkUntilWoken() noexcept;

  // From any thread, under the lock that keeps the waiter from leaving. True: this call decided the outcome.
  bool Wake(std::uint32_t outcome = kWoken) noexcept;
  bool Claim(std::uint32_t outcome) noexcept;
  void Deliver() noexcept;  // after a Claim that was true, under the same lock
  // By the waiter itself, before it parks: true means that it need not park, and will not be woken.
  bool ClaimOwn(std::uint32_t outcome) noexcept;
  bool OnThread() const noexcept { return fiber_ == nullptr; }

  // Ends the wait if its context's deadline, or its own end, has come.
  void CheckTime(ContextNode* canceler, std::int64_t until_ns) noexcept;

  std::uint32_t Outcome() const noexcept { return word_->load(std::memory_order_acquire); }
  // Whether it can still be claimed, at this moment.
  bool Undecided() const noexcept {
    const std::uint32_t outcome = Outcome();
    return outcome == kPending || outcome == kPendingUnderContext;
  }

 private:
  friend struct QueueWaiter;
  struct ContextLink : ContextWaiter {
    Parker* parker;
  };
  // Fires at the context's deadline or at the wait's own end, whichever is first.
  struct Alarm : LoopTimer {
    Alarm(Parker* p, ContextNode* c, std::int64_t until) : LoopTimer(&OnTime), parker(p), canceler(c), until_ns(until) {}
    static void OnTime(LoopTimer* timer) noexcept;
    void Arm() noexcept;
    Parker* parker;
    ContextNode* canceler;
    std::int64_t until_ns;
  };
  struct ThreadSleep;
  bool EndedByContext(ContextNode* canceler) noexcept;
  void SuspendUntil(ContextNode* canceler, std::int64_t until_ns) noexcept;
  std::uint32_t ParkFiber(ContextNode* canceler, std::int64_t until_ns) noexcept;
  std::uint32_t ParkThread(ContextNode* canceler, std::int64_t until_ns) noexcept;

  FiberCore* const fiber_;
  std::atomic<std::uint32_t>* const word_;  // the fiber's, or of_thread_
  std::atomic<std::uint32_t> of_thread_{kPending};
  ThreadTally* const tally_;  // null in fibers, and in threads that virtual time does not know
  const char* const waits_for_;
};

// In a fiber: lets the others that are ready run first.
void YieldFiber() noexcept;

// Aborts, naming `function`, unless the caller may block: not on a loop's own stack.
void CheckMayBlock(const char* function) noexcept;

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_PARK_H_
