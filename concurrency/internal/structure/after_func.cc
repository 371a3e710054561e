// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <mutex>
#include <thread>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/thread_signals.h>
#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/runtime/scheduler.h>
#include <weft/concurrency/internal/runtime/wait_list.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/scope.h>

namespace weft {
namespace internal {

// A function that waits for its context. In a loop it needs no fiber until it runs, only a waiter and a timer. On a
// plain thread, another thread waits.
struct AfterFuncState final : FiberJob, LoopTask, std::enable_shared_from_this<AfterFuncState> {
  enum class Phase { kWaiting, kStarted, kEnded, kStopped };
  static constexpr std::int64_t kTryAgainNs = 1'000'000;

  AfterFuncState(const Context& c, std::function<void()> f, std::source_location where)
      : LoopTask(&OnLoop),
        ctx(c),
        function(std::move(f)),
        loop(CurrentLoop()),
        values(WithoutCancel(c)),
        parent(CurrentFiberId()),
        work(CurrentScope().work),
        started(where) {
    CheckMayBlock("AfterFunc");
    if (loop != nullptr) loop->scheduler().Hold();
  }
  ~AfterFuncState() {
    if (thread.joinable()) thread.join();
    if (loop != nullptr) loop->scheduler().Release();
  }

  // The first caller starts the function; false for others and after a stop.
  bool Claim(Phase to) {
    std::lock_guard hold(lock);
    if (phase != Phase::kWaiting) return false;
    phase = to;
    return true;
  }

  void WaitAndCall() noexcept;
  void StartThread();
  void Arm();
  void Disarm();
  void Post() { loop->PostPinned(*this); }  // the state may be gone afterwards
  void Call() noexcept {  // the caller has claimed the start
    const ScopedContext current(values);
    function();  // nothing can catch an exception: it ends the process, as in a thread
    function = nullptr;
  }
  void End() {
    std::lock_guard hold(lock);
    phase = Phase::kEnded;
    while (Parker* waiter = waiters.PopFront()) waiter->Wake();
  }
  void WaitUntilEnded();

  void Run() override {
    runner.store(CurrentFiberId(), std::memory_order_relaxed);
    Call();
  }
  void Ended() noexcept override {
    std::shared_ptr<AfterFuncState> last = std::move(self);
    End();
  }

  void Begin() noexcept;
  static void OnLoop(LoopTask* task) WEFT_NO_LOCK_ANALYSIS;  // the phase does not change any more
  static void OnTime(LoopTimer* timer);

  struct ContextLink : ContextWaiter {
    AfterFuncState* state = nullptr;
  };
  struct Alarm : LoopTimer {
    explicit Alarm(AfterFuncState* s) : LoopTimer(&OnTime), state(s) {}
    AfterFuncState* state;
  };

  const Context ctx;
  std::function<void()> function;
  LoopCore* const loop;  // of the caller; null: a plain thread
  const Context values;    // CurrentContext() of the function: its own one is done
  const std::uint64_t parent;
  const std::uint64_t work;
  const std::source_location started;
  bool begins_late = false;  // on the loop: its fiber could not be started yet
  std::atomic<std::uint64_t> runner{0};  // the function's fiber
  ContextLink link;
  Alarm alarm{this};
  std::shared_ptr<AfterFuncState> self;  // while the function is on its way or runs
  std::thread thread;

  SmallLock lock;
  Phase phase WEFT_GUARDED_BY(lock) = Phase::kWaiting;
  List<Parker> waiters WEFT_GUARDED_BY(lock);
};

// Runs on the loop once: to start the function, or to remove the timer after a stop from elsewhere.
void AfterFuncState::OnLoop(LoopTask* task) {
  auto* state = static_cast<AfterFuncState*>(task);
  state->loop->timers().Disarm(state->alarm);
  if (state->phase == Phase::kStopped) {
    std::shared_ptr<AfterFuncState> last = std::move(state->self);
    return;
  }
  state->Begin();
}

// A lack of memory for a stack cannot be reported, and the function must run: it does so once there is memory.
void AfterFuncState::Begin() noexcept {
  FiberOptions options;
  options.name = "AfterFunc";
  options.parent = parent;
  options.work = work;
  options.started = started;
  begins_late = false;
  if (!loop->Start(*this, options)) return;  // on the loop's own stack it may have run and ended by now: this may be gone
  begins_late = true;
  loop->timers().Arm(alarm, AddNs(NowNs(), kTryAgainNs));
}

void AfterFuncState::OnTime(LoopTimer* timer) {
  AfterFuncState* state = static_cast<Alarm*>(timer)->state;
  if (state->begins_late) return state->Begin();
  (void)state->ctx.Err();  // latches the deadline, which fires the waiter below
}

// The entire AfterFunc of a plain thread.
void AfterFuncState::WaitAndCall() noexcept {
  if (WaitInList(lock, waiters, "AfterFunc", ctx, [this]() WEFT_REQUIRES(lock) { return phase != Phase::kWaiting; }) == kDidNotWait) return;
  if (Claim(Phase::kStarted)) {
    Call();
    End();
  }
}

void AfterFuncState::StartThread() {
  ThreadTally* tally = t_tally;
  if (tally != nullptr) tally->Enter();
  try {
    thread = std::thread([this, tally] {
      const PipeSignalShield no_pipe_signal;
      t_tally = tally;
      WaitAndCall();
      if (tally != nullptr) tally->Leave();
    });
  } catch (...) {
    if (tally != nullptr) tally->Leave();
    throw;
  }
}

void AfterFuncState::Arm() {
  ContextNode* canceler = ContextAccess::Canceler(ctx);
  if (loop == nullptr) {
    StartThread();
    return;
  }
  self = shared_from_this();
  link.state = this;
  // Under the context's lock: only a message to the loop.
  link.fire = [](ContextWaiter* waiter) {
    AfterFuncState* state = static_cast<ContextLink*>(waiter)->state;
    if (state->Claim(Phase::kStarted)) state->Post();
  };
  if (canceler == nullptr) return;
  if (ctx.Err() || !canceler->Add(link)) {
    link.fire(&link);
    return;
  }
  if (canceler->DeadlineNs() != kNever) loop->timers().Arm(alarm, canceler->DeadlineNs());
}

// After a stop: nothing of the state may be left in the loop.
void AfterFuncState::Disarm() {
  if (loop != CurrentLoop()) {
    Post();
    return;
  }
  loop->timers().Disarm(alarm);
  std::shared_ptr<AfterFuncState> last = std::move(self);
}

void AfterFuncState::WaitUntilEnded() {
  if (loop == nullptr) {
    if (thread.get_id() == std::this_thread::get_id()) {
      AbortMisuse("~StopFunc", "the function's own thread cannot wait for itself: end the StopFunc elsewhere");
    }
    if (thread.joinable()) thread.join();
    return;
  }
  if (const std::uint64_t id = CurrentFiberId(); id != 0 && id == runner.load(std::memory_order_relaxed)) return;
  while (WaitInList(lock, waiters, "AfterFunc", Background(), [this]() WEFT_REQUIRES(lock) { return phase != Phase::kStarted; }) != kDidNotWait) {
  }
}

}  // namespace internal

using internal::AfterFuncState;

StopFunc AfterFunc(const Context& ctx, std::function<void()> f, std::source_location where) {
  StopFunc stop;
  stop.state_ = std::make_shared<AfterFuncState>(ctx, std::move(f), where);
  stop.state_->Arm();
  return stop;
}

bool StopFunc::operator()() {
  if (state_ == nullptr || !state_->Claim(AfterFuncState::Phase::kStopped)) return false;
  if (internal::ContextNode* canceler = ContextAccess::Canceler(state_->ctx)) canceler->Remove(state_->link);
  if (state_->loop != nullptr) {
    state_->Disarm();
  } else {
    std::lock_guard hold(state_->lock);
    while (internal::Parker* waiter = state_->waiters.PopFront()) waiter->Wake();
  }
  state_->function = nullptr;  // here, where its destructors may wait, and not on the loop's own stack
  return true;
}

void StopFunc::StopAndWait() noexcept {
  if (state_ == nullptr) return;
  (*this)();
  state_->WaitUntilEnded();
  state_.reset();
}

StopFunc& StopFunc::operator=(StopFunc&& other) noexcept {
  if (this == &other) return *this;
  StopAndWait();
  state_ = std::move(other.state_);
  return *this;
}

StopFunc::~StopFunc() { StopAndWait(); }

}  // namespace weft
