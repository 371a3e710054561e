// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/loop_core.h>

#include <algorithm>
#include <thread>

#include <weft/concurrency/internal/base/cpu_relax.h>
#include <weft/concurrency/internal/base/loop_slot.h>
#include <weft/concurrency/internal/base/sanitizers.h>
#include <weft/concurrency/internal/base/tracing.h>
#include <weft/concurrency/internal/runtime/loop_host.h>
#include <weft/concurrency/internal/runtime/thread_tally.h>

namespace weft::internal {

constinit thread_local LoopCore* t_loop = nullptr;

namespace {
// Ids are unique in the process; a loop takes them in blocks. The first block begins at kIdsAtOnce, so 0 is no fiber's.
constexpr std::uint64_t kIdsAtOnce = 1024;
std::atomic<std::uint64_t> g_next_ids{kIdsAtOnce};

constexpr int kResumesPerTurn = 64;
constexpr int kTasksPerTurn = 64;    // a task may run a fiber, or take as long as one
constexpr int kWakesPerTurn = 64;
constexpr int kTimersPerLook = 256;  // most wake a fiber, which runs later
}  // namespace

LoopCore::LoopCore(Scheduler& scheduler, LoopHost& host, int index, std::size_t stack_bytes)
    : scheduler_(scheduler), host_(host), side_(&OnInbox, index), fibers_(stack_bytes) {}

// Destroying the outside events may destroy handlers, which must still find the loop.
LoopCore::~LoopCore() { outside_.reset(); }

void LoopCore::Run() {
  const LoopSlot slot;
  t_loop = this;
  t_loop_side = &side_;
  t_wake_later = &waking_;
  thread_.store(pthread_self(), std::memory_order_release);
  side_.eh = CurrentEhState();
  side_.tsan_fiber = TsanCurrentFiber();
  RefreshNow();
  while (!abandoned_ && (!stop_.load(std::memory_order_acquire) || LiveFibers() != 0 || HasWork())) Turn();
  while (locals_ != nullptr) locals_->end(locals_);
  if (!abandoned_) fibers_.DestroyAll(side_);
  t_wake_later = nullptr;
  t_loop_side = nullptr;
  t_loop = nullptr;
  // The thread that woke our last fiber may still be within its wake-up.
  while (pins_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

void LoopCore::RequestStop() noexcept {
  stop_.store(true, std::memory_order_seq_cst);
  WakeUp();
}

void LoopCore::Turn() {
  DrainInbox();
  if (!waking_.Empty()) [[unlikely]] WakeSome();
  RunReady();
  if (HasWork()) return LookAround();
  if (stop_.load(std::memory_order_acquire) && LiveFibers() == 0) return;
  Sleep();
}

// Descriptors and timers, while fibers are ready. In this order: after a long turn, bytes may have arrived in time and a timeout may be
// due as well, and what arrived in time must win.
void LoopCore::LookAround() {
  resumes_since_look_ = 0;
  RefreshNow();
  if (poller_.Watches() && poller_.Wait(0) != 0) poller_.Dispatch();
  if (outside_ != nullptr) outside_->Poll();
  FireTimers();
  TrimIfDue(false);
}

void LoopCore::RunReady() {
  if (CurrentExplorer() != nullptr) [[unlikely]] return ExploreReady();
  resumes_left_ = kResumesPerTurn;
  while (resumes_left_ > 0) {
    LoopTask* task = ready_.Pop();
    if (task == nullptr) break;
    --resumes_left_;
    RunFiber(static_cast<FiberCore&>(*task));
  }
  resumes_since_look_ += kResumesPerTurn - resumes_left_;
  resumes_left_ = 0;
}

void LoopCore::NowRuns(FiberCore& fiber) noexcept {
  side_.running = &fiber;
  watched_.store(&fiber, std::memory_order_relaxed);
  epoch_.store(epoch_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// Under the lock of the roll: one that runs now is not destroyed before the lock is free.
bool LoopCore::CopyRunningName(char* out, std::size_t size) const noexcept {
  bool found = false;
  roll()->Locked([&] {
    const FiberCore* fiber = watched_.load(std::memory_order_relaxed);
    found = fiber != nullptr;
    if (found) fiber->record.CopyName(out, size);
  });
  return found;
}

[[gnu::always_inline]] inline void LoopCore::CheckCanary(const FiberCore& fiber) noexcept {
  if (fiber.stack.canary && !StackMaker::CanaryIntact(fiber.stack)) host_.ReportOverflow(fiber);
}

void LoopCore::RunFiber(FiberCore& fiber) {
  NowRuns(fiber);
  TraceResume(fiber.record);
  FiberCore& back = fiber.Resume();
  TraceStop(back.record, back.HasEnded());
  side_.running = nullptr;
  watched_.store(nullptr, std::memory_order_relaxed);
  CheckCanary(back);
  if (back.TakeEnded()) Retire(back);
}

// Straight to the next fiber, if the turn allows one more: one switch instead of two.
void LoopCore::SuspendRunning() noexcept {
  FiberCore& from = *side_.running;
  LoopTask* task = resumes_left_ > 0 ? ready_.Pop() : nullptr;
  if (task == nullptr) return from.SwitchTo(nullptr);
  --resumes_left_;
  auto& to = static_cast<FiberCore&>(*task);
  CheckCanary(from);
  TraceStop(from.record, false);
  NowRuns(to);
  TraceResume(to.record);
  if (&to != &from) {
    from.SwitchTo(&to);
  } else {
    from.record.SetState(FiberState::kRunning);
  }
}

// The inbox is a stack; a batch of it is reversed, so that tasks run in order of arrival.
void LoopCore::TakeInbox() {
  LoopTask* newest = inbox_.load(std::memory_order_relaxed);
  if (newest == nullptr) return;
  // It comes while the exchange takes the line of the inbox.
  PrefetchToWrite(newest);
  newest = inbox_.exchange(nullptr, std::memory_order_acquire);
  LoopTask& last = *newest;
  LoopTask* oldest = nullptr;
  while (newest != nullptr) {
    LoopTask* next = LoopAccess::Next(*newest);
    LoopAccess::Next(*newest) = oldest;
    oldest = newest;
    newest = next;
  }
  arrived_.PushAll(*oldest, last);
}

void LoopCore::DrainInbox() {
  TakeInbox();
  for (int left = kTasksPerTurn; left > 0; --left) {
    LoopTask* task = arrived_.Pop();
    if (task == nullptr) return;
    ++resumes_since_look_;
    LoopAccess::Run(*task);
  }
}

// As many as a turn resumes. So few of the waiters that have given up are in a queue at a time, where others must skip them.
void LoopCore::WakeSome() {
  ContextNode& ended = *waking_.PopFront();
  if (ended.WakeSome(kWakesPerTurn)) {
    waking_.PushBack(ended);
  } else {
    ContextNode::UnrefMemory(&ended);
  }
}

// The rest of those that are due follows at the next check.
void LoopCore::FireTimers() {
  for (int left = kTimersPerLook; left > 0; --left) {
    LoopTimer* timer = timers_.PopDue(now_ns_);
    if (timer == nullptr) return;
    LoopAccess::Fire(*timer);
    if (Explorer* explorer = CurrentExplorer(); explorer != nullptr && !ready_.Empty() && explorer->Coin()) [[unlikely]] return;
  }
}

void LoopCore::Sleep() {
  if (spin_.Worthwhile()) {
    if (SpinForInbox()) {
      // Messages in quick succession must not keep the loop from the rest for longer than ready fibers may.
      if (resumes_since_look_ >= kResumesPerTurn) LookAround();
      return;
    }
  } else {
    if (by_message_) RefreshNow();  // if messages arrive, their timing matters; otherwise this reading of the clock would be wasted
    idle_since_ns_ = now_ns_;
  }
  resumes_since_look_ = 0;
  if (VirtualTime()) {
    if (poller_.Wait(0) == 0 && (outside_ == nullptr || outside_->Poll() == 0) && ready_.Empty() && AdvanceVirtualTime()) {
      TrimIfDue(true);
      return;
    }
  } else {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (inbox_.load(std::memory_order_seq_cst) == nullptr && !(stop_.load(std::memory_order_seq_cst) && LiveFibers() == 0)) {
      std::int64_t until = timers_.Earliest();
      if (fibers_.TrimDue()) until = std::min(until, fibers_.TrimDueNs(now_ns_));
      idle_.store(IdleWord(), std::memory_order_relaxed);
      SleepUntil(until);
      idle_.store(0, std::memory_order_relaxed);
    }
    sleeping_.store(false, std::memory_order_relaxed);
  }
  RefreshNow();
  LearnFromSleep();
  poller_.Dispatch();
  if (outside_ != nullptr) outside_->Poll();
  FireTimers();
  TrimIfDue(true);
}

// It is not known what code outside of fibers waits for.
std::uint64_t LoopCore::IdleWord() noexcept {
  const bool wakes_itself = timers_.Earliest() != kNever || poller_.Watches() || outside_ != nullptr;
  return ++sleeps_ * 2 + (wakes_itself ? 1 : 0);
}

void LoopCore::SleepUntil(std::int64_t until_ns) {
  if (outside_ != nullptr) {
    outside_->Sleep(until_ns);
    poller_.Wait(0);
    return;
  }
  std::int64_t timeout = -1;
  if (until_ns != kNever) timeout = std::max<std::int64_t>(0, until_ns - RealNowNs());
  poller_.Wait(timeout);
}

// True if there is something to do: a message, or what the checks in between have found.
bool LoopCore::SpinForInbox() {
  const auto spin = [this](int times) {
    for (int i = 0; i < times; ++i) {
      if (inbox_.load(std::memory_order_relaxed) != nullptr) return true;
      CpuRelax();
    }
    return false;
  };
  // A quick reply is taken without reading the clock.
  bool news = spin(16);
  std::int64_t took = 0;
  if (!news) {
    const std::int64_t begin = idle_since_ns_ = RealNowNs();
    const std::int64_t limit = spin_.LimitNs();
    for (std::int64_t look = SpinPolicy::kSpinNs; !news && took < limit && ready_.Empty(); took = RealNowNs() - begin) {
      if (took >= look) {
        LookAround();  // timers and descriptors wait no longer than in a turn of fibers
        look = took + SpinPolicy::kSpinNs;
      }
      news = spin(32);
    }
  }
  spin_.Spun(news, took);
  return news || !ready_.Empty();
}

void LoopCore::LearnFromSleep() noexcept {
  // Messages to the only loop come from threads, so no loop waits for another loop's reply.
  by_message_ = inbox_.load(std::memory_order_relaxed) != nullptr && host_.LoopCount() > 1 && !VirtualTime();
  if (!by_message_) return;
  const std::int64_t woken_at = woken_at_ns_.load(std::memory_order_relaxed);
  if (woken_at > idle_since_ns_) spin_.WokenByMessage(woken_at - idle_since_ns_, std::max<std::int64_t>(now_ns_ - woken_at, 0));
}

// True if time moved, so that a timer is due. Otherwise nothing can wake a fiber, unless a thread works for us.
bool LoopCore::AdvanceVirtualTime() {
  if (CurrentExplorer() != nullptr && host_.HeldJobs() != 0) return false;
  if (poller_.HasEvents()) return false;
  if (host_.Threads().AnyAtWork() || operations_ != 0) {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (inbox_.load(std::memory_order_seq_cst) == nullptr) SleepUntil(RealNowNs() + 1'000'000);
    sleeping_.store(false, std::memory_order_relaxed);
    return false;
  }
  // After the check of the threads: one that has just ended its work has sent its message before.
  if (inbox_.load(std::memory_order_acquire) != nullptr) return false;
  const std::int64_t next = std::min(timers_.Earliest(), host_.Threads().Earliest());
  if (!host_.MayJump(next != kNever)) return true;
  if (next > NowNs()) g_virtual_now.store(next, std::memory_order_release);
  RefreshNow();
  FireTimers();
  host_.Threads().WakeDue();
  return true;
}

void LoopCore::PushRemote(LoopTask& task) noexcept {
  LoopTask* head = inbox_.load(std::memory_order_relaxed);
  do {
    LoopAccess::Next(task) = head;
  } while (!inbox_.compare_exchange_weak(head, &task, std::memory_order_seq_cst, std::memory_order_relaxed));
  WakeUp();
}

void LoopCore::WakeUp() noexcept {
  if (!sleeping_.load(std::memory_order_seq_cst) || !sleeping_.exchange(false, std::memory_order_seq_cst)) return;
  woken_at_ns_.store(RealNowNs(), std::memory_order_relaxed);
  poller_.Wake();
}

std::uint64_t LoopCore::NextWork() noexcept {
  if (next_id_ % kIdsAtOnce == 0) next_id_ = g_next_ids.fetch_add(kIdsAtOnce, std::memory_order_relaxed) + 1;
  return next_id_++;
}

FiberCore* LoopCore::StartFiber(FiberJob& job, const FiberOptions& options) noexcept {
  FiberCore* fiber = fibers_.Take(*this, side_);
  if (fiber == nullptr) return nullptr;
  live_.store(LiveFibers() + 1, std::memory_order_relaxed);
  fiber->job = &job;
  fiber->context = options.context;
  fiber->work = options.work;
  fiber->record.Begin(NextWork(), options, now_ns_);
  TraceStart(fiber->record, options.parent);
  if (side_.running == nullptr) {
    RunFiber(*fiber);
  } else {
    ready_.Push(*fiber);
  }
  return fiber;
}

void LoopCore::Retire(FiberCore& fiber) {
  FiberJob* job = fiber.job;
  fiber.record.End();
  fibers_.Give(fiber);
  live_.store(LiveFibers() - 1, std::memory_order_relaxed);
  job->Ended();
}

void LoopCore::TrimIfDue(bool nothing_to_do) noexcept {
  if (!fibers_.TrimDue()) [[likely]] return;
  fibers_.Trim(side_, now_ns_, nothing_to_do);
}

// A fiber that another thread woke comes through the inbox.
void LoopCore::OnInbox(LoopTask* task) {
  auto* fiber = static_cast<FiberCore*>(task);
  fiber->fetch.WokenBy(fiber->woken_by);
  fiber->fetch.FetchAll();
  fiber->loop.PushReady(*fiber);
}

}  // namespace weft::internal
