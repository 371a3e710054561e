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

// A lock that either one writer or any number of readers hold, fibers and threads of any loop (Go's
// sync.RWMutex). A fiber that waits is parked, so its loop runs others. The lock may be held while
// a fiber is parked, and is not tied to a thread. It is better than a Mutex if readers hold it for
// long or park; for a few instructions a Mutex is as fast.
//
//   weft::Result<Row> Find(const weft::Context& ctx, Table& table, int id) {
//     auto hold = table.mutex.RAcquire(ctx);               // gives up when the context is done
//     if (weft::Error err = hold.Err()) return err;
//     return table.rows.at(id);                            // the end of the scope unlocks
//   }
//
// Order. All callers wait in one queue, in the order in which they came:
//   - A waiting writer holds back the readers that come later, so writers do not starve.
//   - Readers next to each other in the queue get the lock together, and no writer overtakes them,
//     so readers do not starve either.
//   - What was given to a waiter is never free in between.
//   - When a writer gives up while readers hold the lock, the readers after it get in.
//
// lock(), lock_shared() and so on make it SharedLockable, so std::shared_lock, std::unique_lock and
// std::scoped_lock work. They have no context, and wait until they have the lock. The functions
// with a context fail if that is already done, even if the lock is free. If it ends after the lock
// was given to the caller, the caller has it, and no error is returned.
//
// It is not recursive, not even for readers: a reader that locks again waits forever if a writer
// has come in between. A reader cannot become a writer without unlocking. The last holder may
// destroy it right after its unlock.
class RWMutex {
 public:
  RWMutex() = default;
  ~RWMutex() = default;  // no owner and no waiter may be left
  RWMutex(const RWMutex&) = delete;
  RWMutex& operator=(const RWMutex&) = delete;

  // For writing: parks until the caller alone has the lock. Returns the context's error if that is
  // done first. Acquire also unlocks, at the end of the scope.
  Error Lock(const Context& ctx);
  Result<std::unique_lock<RWMutex>> Acquire(const Context& ctx);
  void lock() {  // NOLINT: SharedLockable
    internal::ExplorePoint();
    if (!try_lock()) WaitForWriting();
  }
  // Never suspends.
  bool try_lock() {  // NOLINT
    std::uint32_t expected = 0;
    return state_.compare_exchange_strong(expected, kWriter, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  // Aborts if it is not locked for writing. Never suspends.
  void unlock() {  // NOLINT
    std::uint32_t expected = kWriter;
    if (!state_.compare_exchange_strong(expected, 0, std::memory_order_release,
                                        std::memory_order_relaxed)) {
      UnlockSlow();
    }
  }

  // For reading: parks until no writer has the lock, and none waits in front. Returns the context's
  // error if that is done first. RAcquire also unlocks, at the end of the scope.
  Error RLock(const Context& ctx);
  Result<std::shared_lock<RWMutex>> RAcquire(const Context& ctx);
  void lock_shared() {  // NOLINT
    internal::ExplorePoint();
    if (!try_lock_shared()) WaitForReading();
  }
  // Returns false even if only others are waiting: it does not overtake a writer. Never suspends.
  bool try_lock_shared() {  // NOLINT
    std::uint32_t state = state_.load(std::memory_order_relaxed);
    while ((state & (kWriter | kQueued)) == 0) {
      if (state_.compare_exchange_weak(state, state + kReader, std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  // Aborts if it is not locked for reading. Never suspends.
  void unlock_shared() {  // NOLINT
    std::uint32_t state = state_.load(std::memory_order_relaxed);
    // The last reader goes through the queue's lock if there are waiters.
    while (state >= kReader && state != (kReader | kQueued)) {
      if (state_.compare_exchange_weak(state, state - kReader, std::memory_order_release,
                                       std::memory_order_relaxed)) {
        return;
      }
    }
    UnlockSharedSlow();
  }

 private:
  struct Waiter;
  bool Wait(const Context& ctx, bool writes);
  bool TakeOrEnter(Waiter& waiter) WEFT_REQUIRES(lock_);
  void WaitForWriting();
  void WaitForReading();
  void UnlockSlow();
  void UnlockSharedSlow();
  void LetIn() WEFT_REQUIRES(lock_);

  // The word says who holds the lock; readers are counted in steps of kReader. While kQueued is
  // set, only LetIn gives the lock away. lock_ guards the queue and all changes of kQueued.
  static constexpr std::uint32_t kWriter = 1;
  static constexpr std::uint32_t kQueued = 2;
  static constexpr std::uint32_t kReader = 4;
  std::atomic<std::uint32_t> state_{0};
  internal::SmallLock lock_;
  internal::List<internal::Parker> waiters_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RW_MUTEX_H_
