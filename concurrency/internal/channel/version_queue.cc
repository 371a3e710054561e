// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/channel/version_queue.h>

#include <weft/concurrency/internal/runtime/wait_list.h>

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
  bool changed = false;
  const std::uint32_t outcome = WaitAs(
      parker, lock_, ctx,
      [&]() WEFT_REQUIRES(lock_) {
        changed = version_ != seen;
        if (changed || closed_) return false;
        waiters_.PushBack(waiter);
        return true;
      },
      [&](std::uint32_t) WEFT_REQUIRES(lock_) {
        waiter.Leave();
        changed = version_ != seen;
      });
  if (outcome != kDidNotWait && outcome != Parker::kWoken) return ctx.Err();
  return changed ? Error() : Error(kClosed);
}

bool VersionCase::Enter(Parker& parker, std::uint32_t outcome) noexcept {
  EnterQueue(queue_.waiters(), waiter_, parker, outcome);
  return true;
}

}  // namespace weft::internal
