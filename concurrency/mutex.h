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

namespace weft {

namespace internal {
class Parker;
}

// Mutual exclusion between fibers and threads, of any loop. A waiter parks its fiber, never its
// loop. Unlike std::mutex it may be held across a park, and it is not tied to a thread. Not
// recursive. Nobody starves:
//   - those who wait are served in the order in which they came, whatever loop or thread they are on;
//   - when the first of them is a fiber of the loop that unlocks, the mutex is handed over without being free in between. So where
//     only the fibers of one loop use it, nobody overtakes those who wait;
//   - when it is a fiber of another loop, or a thread, it is woken up and the mutex is free until it comes, so that the time of its
//     wake-up is not lost. Whoever asks meanwhile may take it. A waiter that finds it taken stays the first; once it has
//     waited for a millisecond, the mutex is handed over to it at the next unlock.
// Where there are several loops, or threads, a caller that finds it locked may try again for some
// microseconds before it parks, if that has paid lately.
//
//   if (weft::Error err = mutex.Lock(ctx)) return err;   // gives up when the context is done
//   std::unique_lock hold(mutex, std::adopt_lock);
//
// lock(), try_lock() and unlock() make it Lockable, so std::lock_guard and std::scoped_lock work;
// lock() has no context and waits until it has the mutex. Unlocking one that is not locked aborts.
// It may be destroyed by who holds it last, right after the unlock.
class Mutex {
 public:
  Mutex() = default;
  ~Mutex() = default;  // nobody may hold it or wait for it any more
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Under a done context it fails also when the mutex is free. A context that ends after the mutex
  // was given to the caller comes too late: the caller has it, and no error is returned.
  Error Lock(const Context& ctx) {
    internal::ExplorePoint();
    if (Error err = ctx.Err()) return err;
    if (TakeFree() || LockSlow(ctx)) return {};
    return ctx.Err();
  }
  Result<std::unique_lock<Mutex>> Acquire(const Context& ctx) {
    if (Error err = Lock(ctx)) return err;
    return std::unique_lock<Mutex>(*this, std::adopt_lock);
  }

  void lock() {  // NOLINT: Lockable
    if (!TakeFree()) LockWithoutContext();
  }
  bool try_lock() { return TakeFree() || Take(0); }  // NOLINT
  void unlock() {                                    // NOLINT
    std::uint32_t expected = kHeld;
    if (!state_.compare_exchange_strong(expected, 0, std::memory_order_release, std::memory_order_relaxed)) UnlockSlow();
  }

 private:
  struct Waiter;
  bool TakeFree() {
    std::uint32_t expected = 0;
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire, std::memory_order_relaxed);
  }
  bool Take(std::uint32_t bits);
  bool TakeOrEnter(Waiter& waiter, bool again);
  bool LockSlow(const Context& ctx);
  void LockWithoutContext();
  bool Spin(std::uint32_t bits);
  void UnlockSlow();
  bool PassOn();
  void Clear(std::uint32_t bits, std::memory_order order);

  // A word that everybody tries first. The lock guards the queue and kQueued. While the queue is
  // not empty, somebody holds the mutex or was woken to try, so somebody is going to look at the
  // queue.
  static constexpr std::uint32_t kHeld = 1;
  static constexpr std::uint32_t kQueued = 2;   // the queue is not empty
  static constexpr std::uint32_t kWoken = 4;    // somebody was woken to try; until he has tried nobody else needs to be woken
  static constexpr std::uint32_t kResting = 8;  // handed over to a fiber that does not run yet: it is no use to spin
  std::atomic<std::uint32_t> state_{0};
  internal::SmallLock lock_;
  std::atomic<std::int32_t> spins_{0};  // how well it pays to spin
  internal::List<internal::Parker> waiters_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_MUTEX_H_
