// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/sync/wait_queue.h>

#include <mutex>

#include <weft/concurrency/internal/runtime/wait_list.h>

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
  const std::uint32_t outcome = WaitInList(
      lock_, waiters_, waits_for, ctx, [&]() WEFT_REQUIRES(lock_) { return count_ == 0; },
      [&](std::uint32_t) WEFT_REQUIRES(lock_) { leaving_.PassOn(); });
  if (outcome == kDidNotWait || outcome == Parker::kWoken) return {};
  return ctx.Err();
}

}  // namespace weft::internal
