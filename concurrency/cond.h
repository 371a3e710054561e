// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_COND_H_
#define WEFT_CONCURRENCY_COND_H_

#include <mutex>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/sync/wakes.h>
#include <weft/concurrency/mutex.h>

namespace weft {

// A place to wait until something that a Mutex guards has changed (Go's sync.Cond). Fibers and
// threads of any loop may use it. Where one thing happens once, Event is simpler; where values go
// from one to another, a channel is.
//
//   std::unique_lock hold(mutex);                                   // the waiter
//   if (weft::Error err = cond.Wait(ctx, hold, [&] { return !queue.empty(); })) return err;
//   Take(queue);
//
//   { std::lock_guard hold(mutex); queue.push_back(item); }         // the other side
//   cond.Signal();
//
// There are no spurious wake-ups: Wait returns because of a Signal or a Broadcast that came after
// it began, or because of its context. A Signal wakes the one that has waited longest. It goes to
// somebody who waited before it, and is not lost when that one's context ends at the same moment:
// either that Wait returns no error, or the signal goes to the next one. Still ask for the
// condition again after Wait: between the signal and the lock another may have come first. The form
// with `pred` does that.
//
// All who wait at the same time use the same Mutex; otherwise Wait aborts.
class Cond {
 public:
  Cond() = default;
  ~Cond() = default;  // nobody may wait any more
  Cond(const Cond&) = delete;
  Cond& operator=(const Cond&) = delete;

  // Unlocks, waits and locks again; the caller counts as waiting before it unlocks, so a signal
  // that is given under the mutex is not missed. `lock` is locked when Wait returns, whatever it
  // returns: no context ends locking again. Returns the context's error if that is done first; at
  // once, without unlocking, if it is done already. A `lock` that is not locked aborts.
  Error Wait(const Context& ctx, std::unique_lock<Mutex>& lock);

  // Waits until `pred` is true; it is called under the lock, first before waiting. Under a done
  // context it fails without a look at `pred`. An exception of `pred` comes out with the lock held.
  template <class Pred>
  Error Wait(const Context& ctx, std::unique_lock<Mutex>& lock, Pred pred) {
    CheckLocked(lock);
    if (Error err = ctx.Err()) return err;
    while (!pred()) {
      if (Error err = Wait(ctx, lock)) return err;
    }
    return {};
  }

  // Wakes the one that has waited longest, or all; nobody, if nobody waits. From any fiber or
  // thread, with or without the mutex. Never suspends.
  void Signal();
  void Broadcast();

 private:
  static void CheckLocked(const std::unique_lock<Mutex>& lock);

  internal::SmallLock lock_;
  internal::List<internal::Parker> waiters_ WEFT_GUARDED_BY(lock_);
  internal::Wakes leaving_ WEFT_GUARDED_BY(lock_);
  const Mutex* mutex_ WEFT_GUARDED_BY(lock_) = nullptr;  // of those who wait
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_COND_H_
