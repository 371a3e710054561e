// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/shard/shard_drain.h>

#include <algorithm>
#include <new>
#include <span>
#include <utility>

namespace weft::internal {
namespace {

using Waits = MemberLists::List;

// Which members each step visits; kCancel and kReport visit requests, too.
constexpr Waits kQuietOnes[] = {Waits::kIdle, Waits::kHeader, Waits::kHandshake};
// Busy members may have nothing left but clients that still send (HTTP/2).
constexpr Waits kAtFirst[] = {Waits::kIdle, Waits::kHeader, Waits::kHandshake, Waits::kClosing, Waits::kBusy};
constexpr Waits kQueued[] = {Waits::kQueued};
// Those with requests first: whatever follows from their end finds a connection closed by force, and no request begins.
constexpr Waits kAll[] = {Waits::kBusy, Waits::kQueued, Waits::kHandshake, Waits::kHeader,
                          Waits::kIdle, Waits::kAborting, Waits::kClosing, Waits::kQuiet};

std::span<const Waits> ListsOf(DrainStep step, bool once_more) {
  switch (step) {
    case DrainStep::kServe: break;
    case DrainStep::kBegin: return once_more ? std::span<const Waits>(kQuietOnes) : kAtFirst;
    case DrainStep::kCancel: return kQueued;
    case DrainStep::kForceClose: return kAll;
    case DrainStep::kReport: break;
  }
  return {};
}

}  // namespace

ShardDrain::ShardDrain(ServerState& server, Loop& loop, MemberLists& members, LiveRequests& requests, InFlight& slots, Host& host)
    : server_(server),
      loop_(loop),
      members_(members),
      requests_(requests),
      slots_(slots),
      host_(host),
      scope_(WithCancel(server.values)) {}

void ShardDrain::GoTo(DrainStep step) {
  DrainStep before = wanted_.load(std::memory_order_relaxed);
  while (before < step && !wanted_.compare_exchange_weak(before, step, std::memory_order_release)) {
  }
  scope_.cancel(kServerClosing);
  if (!steps_posted_.exchange(true, std::memory_order_acq_rel)) loop_.Post(steps_);
}

void ShardDrain::OnSteps(LoopTask* task) {
  ShardDrain& self = *static_cast<Steps*>(task)->drain;
  self.steps_posted_.store(false, std::memory_order_seq_cst);
  if (self.wanted_.load(std::memory_order_acquire) == DrainStep::kReport) self.report_due_ = true;
  self.TakeSteps();
}

void ShardDrain::OnFurther(LoopTask* task) {
  auto* further = static_cast<Further*>(task);
  further->posted = false;
  further->drain->TakeSteps();
}

void ShardDrain::LookAtQuietOnes(TimePoint when) {
  grace_end_ = std::min(grace_end_, when);
  host_.LookAt(grace_end_);
}

void ShardDrain::OnTime(TimePoint now) {
  if (grace_end_ > now) return;
  grace_end_ = TimePoint::max();
  grace_over_ = true;
  TakeSteps();
}

// Takes the steps that are due, one after the other, and one piece of a step in this turn.
void ShardDrain::TakeSteps() {
  if (further_.posted) return;
  while (step_ != DrainStep::kServe || BeginStep()) {
    if (WalkOn()) {
      further_.posted = true;
      loop_.Post(further_);
      return;
    }
    EndStep();
  }
}

// False: there is nothing to do.
bool ShardDrain::BeginStep() {
  const DrainStep wanted = wanted_.load(std::memory_order_acquire);
  const DrainStep taken = taken_.load(std::memory_order_relaxed);
  once_more_ = false;
  if (taken < std::min(wanted, DrainStep::kForceClose)) {
    Enter(static_cast<DrainStep>(static_cast<int>(taken) + 1));
  } else if (std::exchange(grace_over_, false)) {
    step_ = DrainStep::kBegin;
    once_more_ = true;
  } else if (std::exchange(report_due_, false)) {
    step_ = DrainStep::kReport;
  } else {
    return false;
  }
  lists_ = 0;
  grace_left_ = false;
  if (step_ == DrainStep::kCancel || step_ == DrainStep::kReport) requests_.BeginWalk();
  return true;
}

void ShardDrain::Enter(DrainStep step) {
  step_ = step;
  switch (step) {
    case DrainStep::kBegin:
      host_.StopAccepting();
      begun_ = true;
      began_at_ = loop_.TurnTime();
      host_.LookAt(began_at_ + kLinger);
      break;
    case DrainStep::kCancel: timeout_over_ = true; break;
    case DrainStep::kForceClose:
      forced_at_ = loop_.TurnTime();
      slots_.CloseTheDoor();
      break;
    case DrainStep::kServe:
    case DrainStep::kReport: break;
  }
}

void ShardDrain::EndStep() {
  const DrainStep step = std::exchange(step_, DrainStep::kServe);
  if (step > taken_.load(std::memory_order_relaxed)) taken_.store(step, std::memory_order_release);
  // A few checks within the grace cost less than a sorted list for those few connections.
  if (step != DrainStep::kBegin || !grace_left_) return;
  const Duration look = std::max<Duration>(server_.options.first_byte_grace / 4, std::chrono::milliseconds(1));
  LookAtQuietOnes(loop_.TurnTime() + look);
}

// Takes a piece of the step. True: there is more. A visit may end the one that is visited, but no other one.
bool ShardDrain::WalkOn() {
  int left = kPiece;
  while (LiveRequest* request = requests_.Next()) {
    Visit(*request);
    if (--left == 0) return true;
  }
  const std::span<const Waits> lists = ListsOf(step_, once_more_);
  for (;;) {
    TimeoutLink* link = waiting_.First();
    if (link == nullptr) {
      if (lists_ == lists.size()) return false;
      waiting_.TakeAll(members_.Of(lists[lists_++]));
      continue;
    }
    if (left-- == 0) return true;
    members_.Of(lists[lists_ - 1]).AddBack(*link);
    Visit(ShardMember::Of(*link));
  }
}

void ShardDrain::Visit(LiveRequest& request) {
  if (step_ == DrainStep::kCancel) {
    request.Cancel(kServerClosing);
    return;
  }
  if (step_ != DrainStep::kReport || !request.HasHandler()) return;
  const Duration late = loop_.TurnTime() - forced_at_ + server_.options.cancel_grace;
  try {
    server_.observer.OnHandlerStuck({request.Name(), request.PeerName(), request.Method(), request.Target(), late, request.Id()});
  } catch (const std::bad_alloc&) {  // it will be reported again
  }
}

void ShardDrain::Visit(ShardMember& member) {
  switch (step_) {
    case DrainStep::kServe:
    case DrainStep::kReport: break;
    case DrainStep::kBegin:
      grace_left_ = grace_left_ || member.HasGrace();
      member.CloseUnlessSpoken();
      break;
    case DrainStep::kCancel: member.RejectQueued(); break;
    case DrainStep::kForceClose: member.ForceClose(); break;
  }
}

}  // namespace weft::internal
