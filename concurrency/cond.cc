// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/cond.h>

#include <weft/concurrency/internal/park.h>

namespace weft {

using internal::Parker;

void Cond::CheckLocked(const std::unique_lock<Mutex>& lock) {
  if (!lock.owns_lock()) internal::AbortMisuse("Cond::Wait", "the mutex is not locked by the lock given to it");
}

Error Cond::Wait(const Context& ctx, std::unique_lock<Mutex>& lock) {
  CheckLocked(lock);
  internal::ExplorePoint();
  if (Error err = ctx.Err()) return err;
  bool woken = false;
  {
    Parker parker("cond");
    {
      std::lock_guard hold(lock_);
      if (!waiters_.Empty() && mutex_ != lock.mutex()) internal::AbortMisuse("Cond::Wait", "others wait with another mutex");
      mutex_ = lock.mutex();
      waiters_.PushBack(parker);
    }
    lock.unlock();
    woken = parker.Park(ctx) == Parker::kWoken;
    // Also after a signal: who gave it must be out of the lock before we may destroy the Cond.
    std::lock_guard hold(lock_);
    if (parker.Linked()) parker.Unlink();
    leaving_.PassOn();
  }
  lock.lock();
  return woken ? Error() : ctx.Err();
}

void Cond::Signal() {
  std::lock_guard hold(lock_);
  while (Parker* first = waiters_.PopFront()) {
    if (first->Wake()) return;
  }
}

void Cond::Broadcast() {
  std::lock_guard hold(lock_);
  leaving_.Begin(waiters_);
}

}  // namespace weft
