// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/channel/time_point_queue.h>

#include <mutex>

#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft::internal {

bool TimePointQueue::Set(std::int64_t when_ns, std::int64_t period_ns) noexcept {
  std::lock_guard hold(lock_);
  const bool was_set = when_ns_ != kNever;
  when_ns_ = when_ns;
  period_ns_ = period_ns;
  while (QueueWaiter* waiter = waiters_.PopFront()) (void)Wake(*waiter);
  return was_set;
}

bool TimePointQueue::TakeLocked(std::int64_t now_ns) noexcept {
  if (when_ns_ == kNever || now_ns < when_ns_) return false;
  taken_ns_ = when_ns_;
  when_ns_ = kNever;
  if (period_ns_ != 0) when_ns_ = AddNs(taken_ns_, ((now_ns - taken_ns_) / period_ns_ + 1) * period_ns_);
  return true;
}

Result<TimePoint> TimePointQueue::Wait(const Context& ctx, const char* waits_for) {
  ExplorePoint();
  for (;;) {
    if (Error err = ctx.Err()) return err;
    const std::int64_t now_ns = NowNs();
    Parker parker(waits_for);
    QueueWaiter waiter;
    waiter.WaitWith(parker, Parker::kWoken);
    std::int64_t due_ns = kNever, taken_ns = 0;
    const auto enter = [&]() WEFT_REQUIRES(lock_) {
      if (TakeLocked(now_ns)) {
        taken_ns = taken_ns_;
        return false;
      }
      due_ns = when_ns_;
      waiters_.PushBack(waiter);
      return true;
    };
    const auto leave = [&](std::uint32_t) WEFT_REQUIRES(lock_) { waiter.Leave(); };
    if (WaitAs(parker, lock_, ctx, enter, leave, due_ns) == kDidNotWait) return FromNs(taken_ns);
  }
}

bool TimePointCase::Enter(Parker& parker, std::uint32_t outcome) noexcept {
  due_ns_ = queue_.WhenLocked();
  EnterQueue(queue_.waiters(), waiter_, parker, outcome);
  return true;
}

}  // namespace weft::internal
