// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_MUTEX_H_
#define WEFT_CONCURRENCY_MUTEX_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/context/context_node.h>

namespace weft {

namespace internal {
class Parker;
}

// Mutual exclusion between fibers and threads, of any loop (Go's sync.Mutex). A fiber that waits is
// parked, so its loop runs others; a thread that waits sleeps. Unlike a std::mutex it may be held
// while a fiber is parked, and it is not tied to a thread. It is not recursive.
//
//   weft::Error Add(const weft::Context& ctx, Account& account, int amount) {
//     auto hold = account.mutex.Acquire(ctx);              // gives up when the context is done
//     if (weft::Error err = hold.Err()) return err;
//     account.balance += amount;
//     return {};                                           // the end of the scope unlocks
//   }
//
// lock(), try_lock() and unlock() make it Lockable, so std::lock_guard and std::scoped_lock work.
// lock() has no context, and waits until it has the mutex.
//
// Fairness. No waiter starves:
//   - Waiters are served in the order in which they came, whatever their loop or thread.
//   - If the first waiter is a fiber of the loop that unlocks, the mutex is handed over to it and
//     is never free in between. If only the fibers of one loop use it, no waiter is ever overtaken.
//   - If it is a fiber of another loop, or a thread, it is woken and the mutex is free until it
//     runs, so that the time of the wake-up is not lost. Meanwhile others may take the mutex. The
//     waiter then stays first, and once it has waited for a millisecond, the next unlock hands the
//     mutex over to it.
// With several loops or threads, a caller that finds it locked may try again for some microseconds
// before it parks, if that has paid off lately.
//
// What was done before an unlock happens before what follows the next lock. The last holder may
// destroy the mutex right after its unlock.
class Mutex {
 public:
  Mutex() = default;
  ~Mutex() = default;  // no owner and no waiter may be left
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Parks until the caller has the mutex. Returns the context's error if that is done first. Under
  // a context that is already done it fails even if the mutex is free. If the context ends after
  // the mutex was given to the caller, the caller has it, and no error is returned.
  Error Lock(const Context& ctx) {
    internal::ExplorePoint();
    if (ContextAccess::MayBeDone(ctx)) [[unlikely]] {
      if (Error err = ctx.Err()) return err;
    }
    if (TakeFree() || LockSlow(ctx)) return {};
    return ctx.Err();
  }
  // The same, and unlocks at the end of the scope.
  Result<std::unique_lock<Mutex>> Acquire(const Context& ctx) {
    if (Error err = Lock(ctx)) return err;
    return std::unique_lock<Mutex>(*this, std::adopt_lock);
  }

  void lock() {  // NOLINT: Lockable
    if (!TakeFree()) LockWithoutContext();
  }
  // Never suspends.
  bool try_lock() { return TakeFree() || Take(0); }  // NOLINT
  // From any fiber or thread, also another one than the one that locked. Aborts if the mutex is not
  // locked. Never suspends.
  void unlock() {  // NOLINT
    std::uint32_t expected = kHeld;
    if (!state_.compare_exchange_strong(expected, 0, std::memory_order_release,
                                        std::memory_order_relaxed)) {
      UnlockSlow();
    }
  }

 private:
  struct Waiter;
  bool TakeFree() {
    std::uint32_t expected = 0;
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  bool Take(std::uint32_t bits);
  bool TakeOrEnter(Waiter& waiter, bool again) WEFT_REQUIRES(lock_);
  void Leave(Waiter& waiter, std::uint32_t outcome) WEFT_REQUIRES(lock_);
  bool LockSlow(const Context& ctx);
  void LockWithoutContext();
  bool Spin(std::uint32_t bits);
  void UnlockSlow();
  bool PassOn();
  void Clear(std::uint32_t bits, std::memory_order order);

  // Every caller tries this word first. The lock guards the queue and kQueued. While the queue is
  // not empty, a caller holds the mutex or was woken to try, and will look at the queue.
  static constexpr std::uint32_t kHeld = 1;
  // The queue is not empty.
  static constexpr std::uint32_t kQueued = 2;
  // A waiter was woken to try; until it has tried, no other needs to be woken.
  static constexpr std::uint32_t kWoken = 4;
  // It was handed over to a fiber that does not run yet, so spinning is of no use.
  static constexpr std::uint32_t kResting = 8;
  std::atomic<std::uint32_t> state_{0};
  internal::SmallLock lock_;
  std::atomic<std::int32_t> spins_{0};  // how well it pays to spin
  internal::List<internal::Parker> waiters_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_MUTEX_H_
