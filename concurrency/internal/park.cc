// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/park.h>

#include <cstdio>
#include <cstdlib>

namespace weft::internal {

void CheckMayBlock(const char* function) noexcept {
  if (t_loop == nullptr || t_loop->running() != nullptr) return;
  std::fprintf(stderr,
               "weft: a blocking call (%s) on a loop's own stack, such as a raw Asio callback: it would stop every fiber of the loop. "
               "Start the work in a Group, or use Await.\n",
               function);
  std::abort();
}

Parker::Parker(const char* waits_for) noexcept : fiber_(CurrentFiber()), waits_for_(waits_for) {
  if (fiber_ != nullptr) {
    fiber_->job->BeforePark();
  } else {
    CheckMayBlock(waits_for);
  }
}

bool Parker::Claim(std::uint32_t outcome) noexcept {
  std::uint32_t pending = kPending;
  return state_.compare_exchange_strong(pending, outcome, std::memory_order_acq_rel, std::memory_order_acquire);
}

bool Parker::Wake(std::uint32_t outcome) noexcept {
  FiberCore* fiber = fiber_;
  if (fiber == nullptr) {
    if (!Claim(outcome)) return false;
    FutexWake(&state_, 1);
    return true;
  }
  LoopCore& loop = fiber->loop;
  if (&loop == CurrentLoop()) {
    if (!Claim(outcome)) return false;
    loop.PushReady(*fiber);
    return true;
  }
  loop.Pin();
  const bool claimed = Claim(outcome);
  if (claimed) loop.PushRemote(*fiber);
  loop.Unpin();
  return claimed;
}

void Parker::Alarm::OnTime(LoopTimer* timer) noexcept {
  auto* alarm = static_cast<Alarm*>(timer);
  alarm->parker->Wake(alarm->outcome);
}

std::uint32_t Parker::Park(const Context& ctx, std::int64_t until_ns) noexcept {
  ContextNode* canceler = ContextAccess::Canceler(ctx);
  return fiber_ != nullptr ? ParkFiber(canceler, until_ns) : ParkThread(canceler, until_ns);
}

std::uint32_t Parker::ParkUntilWoken() noexcept {
  return fiber_ != nullptr ? ParkFiber(nullptr, kNever) : ParkThread(nullptr, kNever);
}

std::uint32_t Parker::ParkFiber(ContextNode* canceler, std::int64_t until_ns) noexcept {
  LoopCore& loop = fiber_->loop;
  ContextLink link;
  bool linked = false;
  Alarm alarm(this);
  const std::int64_t deadline = canceler != nullptr ? canceler->DeadlineNs() : kNever;
  if (canceler != nullptr) {
    link.parker = this;
    link.fire = [](ContextWaiter* waiter) { static_cast<ContextLink*>(waiter)->parker->Wake(kContextDone); };
    linked = canceler->Add(link);
    // Nobody else was told when we lose no race here: the claim is ours and there is nothing to wait for.
    if (!linked && Claim(kContextDone)) return kContextDone;
  }
  const std::int64_t first = until_ns < deadline ? until_ns : deadline;
  if (first != kNever) {
    alarm.outcome = until_ns < deadline ? kTimedOut : kContextDone;
    loop.timers().Arm(alarm, first);
  }
  // Also when somebody has claimed the wait already: the wake-up that goes with the claim must be used up.
  fiber_->record.SetParked(waits_for_, first);
  loop.SuspendRunning();
  if (first != kNever) loop.timers().Disarm(alarm);
  if (linked) canceler->Remove(link);
  return Outcome();
}

std::uint32_t Parker::ParkThread(ContextNode* canceler, std::int64_t until_ns) noexcept {
  ContextLink link;
  bool linked = false;
  const std::int64_t deadline = canceler != nullptr ? canceler->DeadlineNs() : kNever;
  if (canceler != nullptr) {
    link.parker = this;
    link.fire = [](ContextWaiter* waiter) { static_cast<ContextLink*>(waiter)->parker->Wake(kContextDone); };
    linked = canceler->Add(link);
    if (!linked) Claim(kContextDone);
  }
  const std::int64_t first = until_ns < deadline ? until_ns : deadline;
  while (Outcome() == kPending) {
    FutexWait(&state_, kPending, first);
    if (first != kNever && RealNowNs() >= first) Claim(until_ns < deadline ? kTimedOut : kContextDone);
  }
  if (linked) canceler->Remove(link);
  return Outcome();
}

}  // namespace weft::internal
