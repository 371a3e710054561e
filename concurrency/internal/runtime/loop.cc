// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/loop.h>

#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/internal/runtime/park.h>
#include <weft/concurrency/internal/runtime/scheduler.h>
#include <weft/concurrency/scope.h>

namespace weft {

using internal::ContextNode;
using internal::LoopCore;

namespace {
LoopCore& Core(Loop* loop) { return *static_cast<LoopCore*>(loop); }
const LoopCore& Core(const Loop* loop) { return *static_cast<const LoopCore*>(loop); }
}  // namespace

Loop* Loop::Current() noexcept { return internal::CurrentLoop(); }
int Loop::Index() const noexcept { return Core(this).index(); }
int Loop::Siblings() const noexcept { return const_cast<LoopCore&>(Core(this)).scheduler().LoopCount(); }
Loop& Loop::Sibling(int index) noexcept { return Core(this).scheduler().At(index); }
TimePoint Loop::TurnTime() const noexcept { return internal::FromNs(Core(this).now_ns()); }

void Loop::Post(LoopTask& task) noexcept { Core(this).PostPinned(task); }

Duration Loop::HeldFor() const noexcept { return Duration(Core(this).HeldNs()); }

std::string Loop::RunningFiber() const {
  char name[48];
  return Core(this).CopyRunningName(name, sizeof(name)) ? name : "";
}

// Under virtual time there is no such thread, and no loop is ever held: time stands still meanwhile.
Error Loop::Add(LoopSentinel& sentinel, const Context& ctx) {
  internal::BesideLoops* beside = Core(this).scheduler().beside();
  return beside != nullptr ? beside->Add(sentinel, ctx) : Error();
}
void Loop::Remove(LoopSentinel& sentinel) noexcept {
  if (internal::BesideLoops* beside = Core(this).scheduler().beside()) beside->Remove(sentinel);
}

Error Loop::Add(FdWatch& watch, int fd, std::uint32_t events) noexcept { return Core(this).poller().Add(watch, fd, events); }

Error Loop::Modify(FdWatch& watch, int fd, std::uint32_t events) noexcept {
  return Core(this).poller().Modify(watch, fd, events);
}

bool Loop::RunAfterEvents(LoopTask& task) noexcept { return Core(this).poller().RunAfterEvents(task); }

void Loop::Remove(FdWatch& watch, int fd) noexcept { Core(this).poller().Remove(watch, fd); }
void Loop::Arm(LoopTimer& timer, TimePoint when) noexcept { Core(this).timers().Arm(timer, internal::ToNs(when)); }
void Loop::Disarm(LoopTimer& timer) noexcept { Core(this).timers().Disarm(timer); }

Error Loop::Start(FiberJob& job, const FiberOptions& options) noexcept {
  if (Core(this).StartFiber(job, options) != nullptr) return {};
  return Core(this).NoStack();
}

void Loop::Hold() noexcept { Core(this).scheduler().Hold(); }
void Loop::Release() noexcept { Core(this).scheduler().Release(); }

std::uint64_t CurrentFiberId() noexcept {
  const internal::FiberCore* fiber = internal::CurrentFiber();
  return fiber != nullptr ? fiber->record.Id() : 0;
}

void SetFiberName(std::string_view name) noexcept {
  if (internal::FiberCore* fiber = internal::CurrentFiber()) fiber->record.Rename(name);
}

LoopSignal::Outcome LoopSignal::Wait(const Context& ctx, const char* waits_for, TimePoint until) noexcept {
  if (parker_ != nullptr) internal::AbortMisuse("LoopSignal::Wait", "one fiber waits for it at a time");
  if (ctx.Err()) return Outcome::kContextDone;
  internal::Parker parker(waits_for, true);  // nobody may notify between the caller's look and the next line
  parker_ = &parker;
  const std::uint32_t outcome = parker.Park(ctx, internal::ToNs(until));
  parker_ = nullptr;
  if (outcome == internal::Parker::kContextDone) return Outcome::kContextDone;
  return outcome == internal::Parker::kTimedOut ? Outcome::kTimedOut : Outcome::kNotified;
}

void LoopSignal::Notify() noexcept {
  if (parker_ != nullptr) static_cast<internal::Parker*>(parker_)->Wake();
}

namespace {
// Where the current context of this fiber, or of this plain thread, is kept.
const Context*& CurrentContextPlace() noexcept {
  static thread_local const Context* of_thread = nullptr;
  internal::FiberCore* fiber = internal::CurrentFiber();
  return fiber != nullptr ? fiber->context : of_thread;
}
}  // namespace

ScopedContext::ScopedContext(const Context& ctx) noexcept : previous_(CurrentContextPlace()) { CurrentContextPlace() = &ctx; }
ScopedContext::~ScopedContext() { CurrentContextPlace() = previous_; }

Context CurrentContext() {
  const Context* context = CurrentContextPlace();
  return context != nullptr ? *context : Background();
}

ReusableContext::ReusableContext(const Context& values) noexcept : values_(values) {}

ReusableContext::~ReusableContext() {
  if (ContextNode* node = ContextAccess::Node(ctx_)) node->Cancel({});
}

const Context& ReusableContext::Begin(TimePoint deadline, const Error& deadline_cause) {
  ContextNode* node = ContextAccess::Node(ctx_);
  if (node != nullptr && node->Unique()) {
    node->Renew(internal::ToNs(deadline), deadline_cause);
    return ctx_;
  }
  // Values only: a request outlives the cancellation of the context that the server was started with.
  const Context values = WithoutCancel(values_);
  ctx_ = ContextAccess::Adopt(ContextNode::NewCanceler(ContextAccess::Node(values), internal::ToNs(deadline), deadline_cause));
  return ctx_;
}

void ReusableContext::Cancel(const Error& cause) noexcept { ContextAccess::Node(ctx_)->Cancel(cause); }

bool ReusableContext::Done() const noexcept { return ContextAccess::Node(ctx_)->Done(); }

void ReusableContext::End(const Error& cause) noexcept {
  ContextNode* node = ContextAccess::Node(ctx_);
  internal::FiberCore* fiber = internal::CurrentFiber();
  if (fiber != nullptr && fiber->watch.Follows(node)) fiber->watch.Forget();
  if (!node->Unique()) node->Cancel(cause);  // nobody else can see it otherwise
}

void ReusableContext::DropDeadline() noexcept { ContextAccess::Node(ctx_)->DropDeadline(); }

Scope CurrentScope() noexcept {
  const LoopCore* loop = internal::t_loop;
  if (loop == nullptr) return {};
  const internal::FiberCore* fiber = loop->running();
  return {loop, fiber != nullptr ? fiber->work : 0};
}

ScopedWork::ScopedWork() noexcept : previous_(0) {
  internal::FiberCore* fiber = internal::CurrentFiber();
  if (fiber == nullptr) return;
  previous_ = fiber->work;
  fiber->work = fiber->loop.NextWork();
}

ScopedWork::~ScopedWork() {
  if (internal::FiberCore* fiber = internal::CurrentFiber()) fiber->work = previous_;
}

}  // namespace weft
