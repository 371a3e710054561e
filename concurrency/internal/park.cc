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

Parker::Parker(const char* waits_for) noexcept : fiber_(CurrentFiber()), tally_(t_tally), waits_for_(waits_for) {
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
    // Counted as at work again before it can know: virtual time must not jump in between.
    ThreadTally* tally = tally_;
    if (tally != nullptr) tally->Enter();
    const bool claimed = Claim(outcome);
    if (claimed) {
      FutexWake(&state_, 1);
    } else if (tally != nullptr) {
      tally->Leave();
    }
    return claimed;
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

void Parker::Alarm::Arm() noexcept {
  const std::int64_t deadline = canceler != nullptr ? canceler->DeadlineNs() : kNever;
  const std::int64_t first = until_ns < deadline ? until_ns : deadline;
  if (first != kNever) parker->fiber_->loop.timers().Arm(*this, first);
}

void Parker::Alarm::OnTime(LoopTimer* timer) noexcept {
  auto* alarm = static_cast<Alarm*>(timer);
  // To ask is to latch the deadline, which tells all who wait. Empty: this is the wait's own end, or the deadline was taken away.
  if (alarm->canceler != nullptr && alarm->canceler->Err()) return;
  if (alarm->until_ns <= NowNs()) {
    alarm->parker->Wake(kTimedOut);
  } else {
    alarm->Arm();
  }
}

std::uint32_t Parker::Park(const Context& ctx, std::int64_t until_ns) noexcept {
  ContextNode* canceler = ContextAccess::Canceler(ctx);
  return fiber_ != nullptr ? ParkFiber(canceler, until_ns) : ParkThread(canceler, until_ns);
}

std::uint32_t Parker::ParkUntilWoken() noexcept {
  return fiber_ != nullptr ? ParkFiber(nullptr, kNever) : ParkThread(nullptr, kNever);
}

// False: the context is done already.
bool Parker::Link(ContextLink& link, ContextNode* canceler) noexcept {
  link.parker = this;
  link.fire = [](ContextWaiter* waiter) { static_cast<ContextLink*>(waiter)->parker->Wake(kContextDone); };
  return canceler->Add(link);
}

std::uint32_t Parker::ParkFiber(ContextNode* canceler, std::int64_t until_ns) noexcept {
  ContextLink link;
  const bool linked = canceler != nullptr && Link(link, canceler);
  // Nobody else was told when we lose no race here: the claim is ours and there is nothing to wait for.
  if (canceler != nullptr && !linked && Claim(kContextDone)) return kContextDone;
  Alarm alarm(this, canceler, until_ns);
  alarm.Arm();
  // Also when somebody has claimed the wait already: the wake-up that goes with the claim must be used up.
  const Context* shown = fiber_->context;
  fiber_->record.SetParked(waits_for_, canceler != nullptr ? canceler->DeadlineNs() : shown != nullptr ? ContextAccess::DeadlineNs(*shown) : kNever);
  fiber_->loop.SuspendRunning();
  fiber_->loop.timers().Disarm(alarm);
  if (linked) canceler->Remove(link);
  return Outcome();
}

std::uint32_t Parker::ParkThread(ContextNode* canceler, std::int64_t until_ns) noexcept {
  ContextLink link;
  const bool linked = canceler != nullptr && Link(link, canceler);
  if (canceler != nullptr && !linked && Claim(kContextDone)) return kContextDone;
  ThreadTally::Sleeper sleeper(*this, canceler, until_ns);
  if (tally_ != nullptr) tally_->BeginSleep(sleeper);
  while (Outcome() == kPending) {
    const std::int64_t deadline = canceler != nullptr ? canceler->DeadlineNs() : kNever;
    // Virtual time wakes its sleepers itself.
    FutexWait(&state_, kPending, tally_ != nullptr ? kNever : until_ns < deadline ? until_ns : deadline);
    if (tally_ == nullptr) CheckTime(canceler, until_ns);
  }
  if (tally_ != nullptr) tally_->EndSleep(sleeper);
  if (linked) canceler->Remove(link);
  return Outcome();
}

void Parker::CheckTime(ContextNode* canceler, std::int64_t until_ns) noexcept {
  if (canceler != nullptr && canceler->Err()) return;  // latches an overdue deadline, which wakes us
  if (until_ns != kNever && NowNs() >= until_ns) Wake(kTimedOut);
}

}  // namespace weft::internal
