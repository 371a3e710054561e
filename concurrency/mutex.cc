// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/mutex.h>

#include <weft/concurrency/internal/park.h>

namespace weft {

using internal::Parker;

bool Mutex::try_lock() {
  std::uint32_t expected = kFree;
  return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire, std::memory_order_relaxed);
}

void Mutex::lock() {
  if (!try_lock()) (void)LockSlow(Background());
}

Error Mutex::Lock(const Context& ctx) {
  if (Error err = ctx.Err()) return err;
  if (try_lock() || LockSlow(ctx) == Got::kMutex) return {};
  return ctx.Err();
}

Result<std::unique_lock<Mutex>> Mutex::Acquire(const Context& ctx) {
  if (Error err = Lock(ctx)) return err;
  return std::unique_lock<Mutex>(*this, std::adopt_lock);
}

Mutex::Got Mutex::LockSlow(const Context& ctx) {
  Parker parker("mutex");
  {
    std::lock_guard hold(lock_);
    // kContended makes the owner come through the lock, where it finds us.
    if (state_.exchange(kContended, std::memory_order_acquire) == kFree) {
      state_.store(waiters_.Empty() ? kHeld : kContended, std::memory_order_relaxed);
      return Got::kMutex;
    }
    waiters_.PushBack(parker);
  }
  const bool woken = parker.Park(ctx) == Parker::kWoken;
  // Also after a hand-over: the former owner must be out of the lock before we may destroy the mutex.
  std::lock_guard hold(lock_);
  if (woken) return Got::kMutex;
  if (parker.Linked()) parker.Unlink();
  return Got::kContextDone;
}

void Mutex::unlock() {
  std::uint32_t expected = kHeld;
  if (state_.compare_exchange_strong(expected, kFree, std::memory_order_release, std::memory_order_relaxed)) return;
  if (expected == kFree) internal::AbortMisuse("Mutex::unlock", "it is not locked");
  UnlockSlow();
}

// Hands the mutex to the waiter that came first, without letting go of it in between.
void Mutex::UnlockSlow() {
  std::lock_guard hold(lock_);
  while (Parker* waiter = waiters_.PopFront()) {
    state_.store(waiters_.Empty() ? kHeld : kContended, std::memory_order_relaxed);
    if (waiter->Wake()) return;
  }
  state_.store(kFree, std::memory_order_release);
}

}  // namespace weft
