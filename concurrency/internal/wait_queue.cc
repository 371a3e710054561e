// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/wait_queue.h>

#include <mutex>

#include <weft/concurrency/internal/park.h>

namespace weft::internal {

std::int64_t WaitQueue::Add(std::int64_t n) {
  std::lock_guard hold(lock_);
  count_ += n;
  if (count_ == 0) leaving_.Begin(waiters_);
  return count_;
}

void WaitQueue::SetToZero() {
  std::lock_guard hold(lock_);
  count_ = 0;
  leaving_.Begin(waiters_);
}

bool WaitQueue::Zero() const {
  std::lock_guard hold(lock_);
  return count_ == 0;
}

Error WaitQueue::Wait(const Context& ctx, const char* waits_for) {
  ExplorePoint();
  if (Error err = ctx.Err()) return err;
  if (Zero()) return {};
  Parker parker(waits_for);
  {
    std::lock_guard hold(lock_);
    if (count_ == 0) return {};
    waiters_.PushBack(parker);
  }
  const bool woken = parker.Park(ctx) == Parker::kWoken;
  // Also after a wake-up: the waker must be out of the lock before the owner may destroy the queue.
  std::lock_guard hold(lock_);
  if (parker.Linked()) parker.Unlink();
  leaving_.PassOn();
  if (woken) return {};
  return ctx.Err();
}

}  // namespace weft::internal
