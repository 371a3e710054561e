// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/park.h>

#include <cstdio>
#include <cstdlib>

#include <weft/concurrency/internal/base/tracing.h>
#include <weft/concurrency/internal/runtime/queue_waiter.h>

namespace weft::internal {

void CheckMayBlock(const char* function) noexcept {
  if (t_loop == nullptr || t_loop->running() != nullptr) return;
  std::fprintf(stderr,
               "weft: a blocking call (%s) on a loop's own stack, such as a raw Asio callback: it would stop every fiber of the loop. "
               "Start the work in a Group, or use Await.\n",
               function);
  std::abort();
}

void YieldFiber() noexcept {
  FiberCore* fiber = CurrentFiber();
  fiber->job->BeforeYield();
  fiber->loop.PushReady(*fiber);
  fiber->loop.SuspendRunning();
}

Parker::Parker(const char* waits_for, bool one_step) noexcept
    : fiber_(CurrentFiber()), word_(fiber_ != nullptr ? &fiber_->park_word : &of_thread_), tally_(fiber_ != nullptr ? nullptr : t_tally), waits_for_(waits_for) {
  if (fiber_ != nullptr) {
    if (!one_step) ExplorePoint();
    fiber_->park_word.store(kPending, std::memory_order_relaxed);
  } else {
    CheckMayBlock(waits_for);
  }
}

namespace {

// seq_cst: a fiber that parks makes its word pending, then looks at its context; the thread that ends the context sets its
// error, then looks at the word. One of them must see the other.
bool ClaimIf(std::atomic<std::uint32_t>& word, bool may_be_without_context, std::uint32_t outcome) noexcept {
  std::uint32_t seen = word.load(std::memory_order_seq_cst);
  for (;;) {
    if (seen != Parker::kPendingUnderContext && !(may_be_without_context && seen == Parker::kPending)) return false;
    if (word.compare_exchange_weak(seen, outcome, std::memory_order_seq_cst)) return true;
  }
}

// Pins the fiber's loop from the claim to the delivery, which the same thread does, if a pin is needed.
bool ClaimFiber(FiberCore& fiber, bool may_be_without_context, std::uint32_t outcome) noexcept {
  LoopCore& loop = fiber.loop;
  const bool pinned = loop.NeedsPin(CurrentLoop());
  if (pinned) loop.Pin();
  const bool claimed = ClaimIf(fiber.park_word, may_be_without_context, outcome);
  if (claimed) {
    TraceWake(fiber.record, outcome);
  } else if (pinned) {
    loop.Unpin();
  }
  return claimed;
}

void DeliverFiber(FiberCore& fiber, const void* queue = nullptr, const void* waiter = nullptr) noexcept {
  LoopCore& loop = fiber.loop;
  LoopCore* here = CurrentLoop();
  if (&loop == here) {
    loop.PushReady(fiber);
  } else {
    FiberCore* giver = here != nullptr ? here->running() : nullptr;
    fiber.woken_by = giver;
    if (queue != nullptr && giver != nullptr) giver->fetch.HandedTo(queue, waiter, &fiber);
    const bool pinned = loop.NeedsPin(here);  // asked before the fiber can run, and its loop end
    loop.PushRemote(fiber);
    if (pinned) loop.Unpin();
  }
}

}  // namespace

void QueueWaiter::WaitWith(Parker& p, std::uint32_t claimed_with) noexcept {
  fiber = p.fiber_;
  parker = &p;
  outcome = claimed_with;
}

bool Claim(QueueWaiter& waiter) noexcept {
  if (waiter.fiber != nullptr) return ClaimFiber(*waiter.fiber, true, waiter.outcome);
  return waiter.outcome == QueueWaiter::kTold || waiter.parker->Claim(waiter.outcome);
}

void Deliver(QueueWaiter& waiter, const void* queue) noexcept {
  if (waiter.fiber != nullptr) {
    DeliverFiber(*waiter.fiber, queue, &waiter);
  } else if (waiter.outcome == QueueWaiter::kTold) {
    waiter.told(waiter);
  } else {
    waiter.parker->Deliver();
  }
}

void FiberWatch::OnContextDone(ContextWaiter* waiter) noexcept {
  FiberCore& fiber = static_cast<FiberWatch*>(waiter)->fiber_;
  if (ClaimFiber(fiber, false, Parker::kContextDone)) DeliverFiber(fiber);
}

bool Parker::Claim(std::uint32_t outcome) noexcept {
  if (fiber_ != nullptr) return ClaimFiber(*fiber_, true, outcome);
  // Counted as at work again before it can know: virtual time must not jump in between.
  if (tally_ != nullptr) tally_->Enter();
  const bool claimed = ClaimIf(of_thread_, true, outcome);
  if (!claimed && tally_ != nullptr) tally_->Leave();
  return claimed;
}

// After the claim only what outlives the waiter is touched: a thread may be gone by then.
bool Parker::Wake(std::uint32_t outcome) noexcept {
  FiberCore* fiber = fiber_;
  if (!Claim(outcome)) return false;
  if (fiber != nullptr) {
    DeliverFiber(*fiber);
  } else {
    FutexWake(&of_thread_, 1);
  }
  return true;
}

bool Parker::ClaimOwn(std::uint32_t outcome) noexcept { return ClaimIf(*word_, true, outcome); }

void Parker::Deliver() noexcept {
  if (fiber_ != nullptr) {
    DeliverFiber(*fiber_);
  } else {
    FutexWake(&of_thread_, 1);
  }
}

void Parker::Alarm::Arm() noexcept {
  const std::int64_t deadline = canceler != nullptr ? canceler->DeadlineNs() : kNever;
  const std::int64_t first = until_ns < deadline ? until_ns : deadline;
  if (first != kNever) parker->fiber_->loop.timers().Arm(*this, first);
}

void Parker::SuspendUntil(ContextNode* canceler, std::int64_t until_ns) noexcept {
  Alarm alarm(this, canceler, until_ns);
  alarm.Arm();
  fiber_->loop.SuspendRunning();
  fiber_->loop.timers().Disarm(alarm);
}

void Parker::Alarm::OnTime(LoopTimer* timer) noexcept {
  auto* alarm = static_cast<Alarm*>(timer);
  // Calling Err() latches the deadline, which wakes all waiters. Empty: this is the wait's own end, or the deadline was
  // removed.
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

// True: the context was done already, and nothing else had claimed the wait.
bool Parker::EndedByContext(ContextNode* canceler) noexcept {
  if (!fiber_->watch.Follow(canceler)) return ClaimOwn(kContextDone);
  std::uint32_t pending = kPending;
  if (!fiber_->park_word.compare_exchange_strong(pending, kPendingUnderContext, std::memory_order_seq_cst)) return false;
  return canceler->Done() && ClaimOwn(kContextDone);
}

std::uint32_t Parker::ParkFiber(ContextNode* canceler, std::int64_t until_ns) noexcept {
  fiber_->job->BeforePark();
  if (canceler != nullptr && EndedByContext(canceler)) return kContextDone;
  const Context* shown = fiber_->context;
  const std::int64_t deadline = canceler != nullptr ? canceler->DeadlineNs() : kNever;
  fiber_->record.SetParked(waits_for_, canceler != nullptr ? deadline : shown != nullptr ? ContextAccess::DeadlineNs(*shown) : kNever);
  // Even if the wait has been claimed already: the wake-up that belongs to the claim must be consumed.
  if (until_ns == kNever && deadline == kNever) [[likely]] {
    fiber_->loop.SuspendRunning();
  } else {
    SuspendUntil(canceler, until_ns);
  }
  return Outcome();
}

// As virtual time sees it.
struct Parker::ThreadSleep : ThreadTally::Sleeper {
  ThreadSleep(Parker& p, ContextNode* c, std::int64_t until) : Sleeper(&CheckIt, c, until), parker(p) {}
  static void CheckIt(Sleeper& sleeper) noexcept {
    static_cast<ThreadSleep&>(sleeper).parker.CheckTime(sleeper.canceler, sleeper.until_ns);
  }
  Parker& parker;
};

std::uint32_t Parker::ParkThread(ContextNode* canceler, std::int64_t until_ns) noexcept {
  ContextLink link;
  link.parker = this;
  link.fire = [](ContextWaiter* waiter) { static_cast<ContextLink*>(waiter)->parker->Wake(kContextDone); };
  const bool linked = canceler != nullptr && canceler->Add(link);
  if (canceler != nullptr && !linked && ClaimOwn(kContextDone)) return kContextDone;
  ThreadSleep sleeper(*this, canceler, until_ns);
  if (tally_ != nullptr) tally_->BeginSleep(sleeper);
  while (Outcome() == kPending) {
    const std::int64_t deadline = canceler != nullptr ? canceler->DeadlineNs() : kNever;
    // Virtual time wakes its sleepers itself.
    FutexWait(&of_thread_, kPending, tally_ != nullptr ? kNever : until_ns < deadline ? until_ns : deadline);
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
