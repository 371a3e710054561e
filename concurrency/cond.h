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

// Waits until something that a Mutex guards has changed (Go's sync.Cond, std::condition_variable).
// Fibers and threads of any loop may use it. If the thing happens only once, an Event is simpler;
// if values are passed on, use a channel (chan.h).
//
//   weft::Error Take(const weft::Context& ctx, Queue& queue, int& item) {
//     std::unique_lock hold(queue.mutex);
//     auto ready = [&] { return !queue.items.empty(); };
//     if (weft::Error err = queue.changed.Wait(ctx, hold, ready)) return err;
//     item = queue.items.front();
//     queue.items.pop_front();
//     return {};
//   }
//
//   void Put(Queue& queue, int item) {
//     {
//       std::lock_guard hold(queue.mutex);
//       queue.items.push_back(item);
//     }
//     queue.changed.Signal();
//   }
//
// There are no spurious wake-ups: Wait returns because of a Signal or Broadcast that came after it
// started, or because of its context. A Signal wakes the waiter that has waited longest, and only
// one that was already waiting. It is not lost if that waiter's context ends at the same moment:
// either that Wait returns no error, or the Signal wakes the next waiter.
//
// Check the condition again after Wait, because another caller may have come first between the
// signal and the lock. The form with `pred` does that.
//
// All that wait at the same time must use the same Mutex; otherwise Wait aborts.
class Cond {
 public:
  Cond() = default;
  ~Cond() = default;  // there must be no waiters
  Cond(const Cond&) = delete;
  Cond& operator=(const Cond&) = delete;

  // Unlocks, parks, and locks again. The caller counts as waiting before it unlocks, so it does not
  // miss a signal that is given under the mutex. When Wait returns, `lock` is locked, whatever the
  // result: locking again does not end with the context. Returns the context's error if that is
  // done first, and at once, without unlocking, if it is already done. Aborts if `lock` is not
  // locked.
  Error Wait(const Context& ctx, std::unique_lock<Mutex>& lock);

  // Waits until `pred` returns true. It is called under the lock, for the first time before the
  // first wait. Under a context that is already done, it is not called. If it throws, the lock is
  // still held.
  template <class Pred>
  Error Wait(const Context& ctx, std::unique_lock<Mutex>& lock, Pred pred) {
    CheckLocked(lock);
    if (Error err = ctx.Err()) return err;
    while (!pred()) {
      if (Error err = Wait(ctx, lock)) return err;
    }
    return {};
  }

  // Signal wakes the waiter that has waited longest; Broadcast wakes all. Without a waiter, neither
  // does anything. From any fiber or thread, with or without the mutex. Never suspends.
  void Signal();
  void Broadcast();

 private:
  static void CheckLocked(const std::unique_lock<Mutex>& lock);

  internal::SmallLock lock_;
  internal::List<internal::Parker> waiters_ WEFT_GUARDED_BY(lock_);
  internal::Wakes leaving_ WEFT_GUARDED_BY(lock_);
  const Mutex* mutex_ WEFT_GUARDED_BY(lock_) = nullptr;  // of those that wait
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_COND_H_
