// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/channel/version_queue.h>

#include <weft/concurrency/internal/runtime/park.h>

namespace weft::internal {

void VersionQueue::WakeAllLocked() noexcept {
  while (QueueWaiter* waiter = waiters_.PopFront()) (void)Wake(*waiter);
}

void VersionQueue::BumpLocked() noexcept {
  ++version_;
  WakeAllLocked();
}

void VersionQueue::Close() noexcept {
  std::lock_guard hold(lock_);
  closed_ = true;
  WakeAllLocked();
}

Error VersionQueue::WaitForAnother(const Context& ctx, std::uint64_t seen) {
  ExplorePoint();
  if (Error err = ctx.Err()) return err;
  Parker parker("watch");
  QueueWaiter waiter;
  waiter.WaitWith(parker, Parker::kWoken);
  {
    std::lock_guard hold(lock_);
    if (version_ != seen) return {};
    if (closed_) return kClosed;
    waiters_.PushBack(waiter);
  }
  const bool woken = parker.Park(ctx) == Parker::kWoken;
  std::lock_guard hold(lock_);
  waiter.Leave();
  if (!woken) return ctx.Err();
  return version_ != seen ? Error() : Error(kClosed);
}

bool VersionCase::Enter(Parker& parker, std::uint32_t outcome) noexcept {
  EnterQueue(queue_.waiters(), waiter_, parker, outcome);
  return true;
}

}  // namespace weft::internal
