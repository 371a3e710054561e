// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/cond.h>

#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft {

using internal::Parker;

void Cond::CheckLocked(const std::unique_lock<Mutex>& lock) {
  if (!lock.owns_lock()) internal::AbortMisuse("Cond::Wait", "the mutex is not locked by the lock given to it");
}

Error Cond::Wait(const Context& ctx, std::unique_lock<Mutex>& lock) {
  CheckLocked(lock);
  internal::ExplorePoint();
  if (Error err = ctx.Err()) return err;
  const auto enter = [&]() WEFT_REQUIRES(lock_) {
    if (!waiters_.Empty() && mutex_ != lock.mutex()) internal::AbortMisuse("Cond::Wait", "others are waiting with another mutex");
    mutex_ = lock.mutex();
    return false;
  };
  const bool woken = internal::WaitInList(
                         lock_, waiters_, "cond", ctx, enter, [&](std::uint32_t) WEFT_REQUIRES(lock_) { leaving_.PassOn(); },
                         [&] { lock.unlock(); }) == Parker::kWoken;
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
