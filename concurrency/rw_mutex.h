// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RW_MUTEX_H_
#define WEFT_CONCURRENCY_RW_MUTEX_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft {

namespace internal {
class Parker;
}

// A lock that one writer or many readers hold, between fibers and threads of any loop (Go's
// sync.RWMutex). A waiter parks its fiber, never its loop. It may be held across a park, and is not
// tied to a thread. It pays over Mutex where reading takes long or parks; for a few instructions
// Mutex is as fast.
//
// Order. All wait in one queue, in the order in which they came. A waiting writer holds back the
// readers that come after it, so writers do not starve; readers that stand next to each other in
// the queue are let in together, and a writer does not overtake them, so readers do not starve
// either. Everything is handed over: what was given to a waiter is never free in between. A writer
// that gives up lets in the readers behind it, if readers hold the lock.
//
//   if (weft::Error err = mutex.RLock(ctx)) return err;        // gives up when the context is done
//   std::shared_lock hold(mutex, std::adopt_lock);
//
// lock(), lock_shared() and their kin make it SharedLockable, so std::shared_lock, std::unique_lock
// and std::scoped_lock work; they have no context and wait until they have the lock. Under a done
// context the others fail also when the lock is free; a context that ends after the lock was given
// to the caller comes too late: the caller has it, and no error is returned.
//
// Unlocking what is not locked that way aborts. Not recursive, not for readers either: a reader
// that locks again waits for ever if a writer has come in between. There is no upgrade from reader
// to writer. It may be destroyed right after the last unlock.
class RWMutex {
 public:
  RWMutex() = default;
  ~RWMutex() = default;  // nobody may hold it or wait for it any more
  RWMutex(const RWMutex&) = delete;
  RWMutex& operator=(const RWMutex&) = delete;

  // To write.
  Error Lock(const Context& ctx);
  Result<std::unique_lock<RWMutex>> Acquire(const Context& ctx);
  void lock() {  // NOLINT: SharedLockable
    internal::ExplorePoint();
    if (!try_lock()) WaitForWriting();
  }
  bool try_lock() {  // NOLINT
    std::uint32_t expected = 0;
    return state_.compare_exchange_strong(expected, kWriter, std::memory_order_acquire, std::memory_order_relaxed);
  }
  void unlock() {  // NOLINT
    std::uint32_t expected = kWriter;
    if (!state_.compare_exchange_strong(expected, 0, std::memory_order_release, std::memory_order_relaxed)) UnlockSlow();
  }

  // To read.
  Error RLock(const Context& ctx);
  Result<std::shared_lock<RWMutex>> RAcquire(const Context& ctx);
  void lock_shared() {  // NOLINT
    internal::ExplorePoint();
    if (!try_lock_shared()) WaitForReading();
  }
  // False also while others wait: it does not overtake a writer.
  bool try_lock_shared() {  // NOLINT
    std::uint32_t state = state_.load(std::memory_order_relaxed);
    while ((state & (kWriter | kQueued)) == 0) {
      if (state_.compare_exchange_weak(state, state + kReader, std::memory_order_acquire, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  void unlock_shared() {  // NOLINT
    std::uint32_t state = state_.load(std::memory_order_relaxed);
    // The last reader goes through the queue's lock if somebody waits.
    while (state >= kReader && state != (kReader | kQueued)) {
      if (state_.compare_exchange_weak(state, state - kReader, std::memory_order_release, std::memory_order_relaxed)) return;
    }
    UnlockSharedSlow();
  }

 private:
  struct Waiter;
  bool Wait(const Context& ctx, bool writes);
  bool TakeOrEnter(Waiter& waiter);
  void WaitForWriting();
  void WaitForReading();
  void UnlockSlow();
  void UnlockSharedSlow();
  void LetIn() WEFT_REQUIRES(lock_);

  // The word says who holds it; readers are counted from kReader on. While kQueued is set nobody
  // gets in but by LetIn. The lock guards the queue and every change of kQueued.
  static constexpr std::uint32_t kWriter = 1;
  static constexpr std::uint32_t kQueued = 2;
  static constexpr std::uint32_t kReader = 4;
  std::atomic<std::uint32_t> state_{0};
  internal::SmallLock lock_;
  internal::List<internal::Parker> waiters_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RW_MUTEX_H_
