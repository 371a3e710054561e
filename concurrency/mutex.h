// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_MUTEX_H_
#define WEFT_CONCURRENCY_MUTEX_H_

#include <atomic>
#include <cstdint>
#include <mutex>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/list.h>
#include <weft/concurrency/internal/small_lock.h>

namespace weft {

namespace internal {
class Parker;
}

// Mutual exclusion between fibers and threads, of any loop. A waiter parks its fiber, never its loop. Unlike std::mutex it may be
// held across a park, and it is not tied to a thread. It is handed to waiters in the order in which they came, and a newcomer
// cannot overtake them: nobody starves. Not recursive.
//
//   if (weft::Error err = mutex.Lock(ctx)) return err;   // gives up when the context is done
//   std::unique_lock hold(mutex, std::adopt_lock);
//
// lock(), try_lock() and unlock() make it Lockable, so std::lock_guard and std::scoped_lock work; lock() has no context and waits
// until it has the mutex. Unlocking one that is not locked aborts.
class Mutex {
 public:
  Mutex() = default;
  ~Mutex() = default;  // nobody may hold it or wait for it any more
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Under a done context it fails also when the mutex is free.
  Error Lock(const Context& ctx);
  Result<std::unique_lock<Mutex>> Acquire(const Context& ctx);

  void lock();      // NOLINT: Lockable
  bool try_lock();  // NOLINT
  void unlock();    // NOLINT

 private:
  enum class Got { kMutex, kContextDone };
  Got LockSlow(const Context& ctx);
  void UnlockSlow();

  // A word that everybody tries first; the lock guards the queue and every change from kContended.
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kContended = 2;
  std::atomic<std::uint32_t> state_{kFree};
  internal::SmallLock lock_;
  internal::List<internal::Parker> waiters_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_MUTEX_H_
