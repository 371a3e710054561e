// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/loop_drain.h>

#include <algorithm>
#include <utility>

#include <weft/server/internal/connection.h>
#include <weft/server/internal/exchange.h>
#include <weft/server/internal/loop_server.h>

namespace weft::internal {
namespace {

using Lists = LoopServer::List;

// What each step goes through.
constexpr Lists kQuietOnes[] = {Lists::kIdle, Lists::kHeader};
constexpr Lists kQuietAndClosing[] = {Lists::kIdle, Lists::kHeader, Lists::kClosing};
constexpr Lists kRequests[] = {Lists::kQueued, Lists::kBusy};
// Requests first: what they leave behind finds itself cut off, and no others begin.
constexpr Lists kAll[] = {Lists::kBusy, Lists::kQueued, Lists::kHeader, Lists::kIdle, Lists::kAborting, Lists::kClosing, Lists::kQuiet};
constexpr Lists kHandlers[] = {Lists::kBusy};

std::span<const Lists> ListsOf(DrainStep step, bool once_more) {
  switch (step) {
    case DrainStep::kServe: break;
    case DrainStep::kBegin: return once_more ? std::span<const Lists>(kQuietOnes) : kQuietAndClosing;
    case DrainStep::kCancel: return kRequests;
    case DrainStep::kCutOff: return kAll;
    case DrainStep::kReport: return kHandlers;
  }
  return {};
}

}  // namespace

LoopDrain::LoopDrain(LoopServer& server) : server_(server), scope_(WithCancel(server.shared().values)) {}

void LoopDrain::GoTo(DrainStep step) {
  DrainStep before = wanted_.load(std::memory_order_relaxed);
  while (before < step && !wanted_.compare_exchange_weak(before, step, std::memory_order_release)) {
  }
  scope_.cancel(kServerClosing);
  if (!steps_posted_.exchange(true, std::memory_order_acq_rel)) server_.loop().Post(steps_);
}

void LoopDrain::OnSteps(LoopTask* task) {
  LoopDrain& self = *static_cast<Steps*>(task)->drain;
  self.steps_posted_.store(false, std::memory_order_seq_cst);
  if (self.wanted_.load(std::memory_order_acquire) == DrainStep::kReport) self.report_due_ = true;
  self.TakeSteps();
}

void LoopDrain::OnFurther(LoopTask* task) {
  auto* further = static_cast<Further*>(task);
  further->posted = false;
  further->drain->TakeSteps();
}

void LoopDrain::LookAtQuietOnes(TimePoint when) {
  grace_end_ = std::min(grace_end_, when);
  server_.LookAt(grace_end_);
}

void LoopDrain::OnTime(TimePoint now) {
  if (grace_end_ > now) return;
  grace_end_ = TimePoint::max();
  grace_over_ = true;
  TakeSteps();
}

// What is to be done, one step after the other, and one piece of it in this turn.
void LoopDrain::TakeSteps() {
  if (further_.posted) return;
  while (step_ != DrainStep::kServe || BeginStep()) {
    if (WalkOn()) {
      further_.posted = true;
      server_.loop().Post(further_);
      return;
    }
    EndStep();
  }
}

// False: there is nothing to do.
bool LoopDrain::BeginStep() {
  const DrainStep wanted = wanted_.load(std::memory_order_acquire);
  const DrainStep taken = taken_.load(std::memory_order_relaxed);
  once_more_ = false;
  if (taken < std::min(wanted, DrainStep::kCutOff)) {
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
  return true;
}

void LoopDrain::Enter(DrainStep step) {
  step_ = step;
  switch (step) {
    case DrainStep::kBegin:
      server_.StopAccepting();
      begun_ = true;
      begin_ = server_.now();
      server_.LookAt(begin_ + kLinger);
      break;
    case DrainStep::kCancel: patience_over_ = true; break;
    case DrainStep::kCutOff:
      cut_at_ = server_.now();
      server_.CloseTheDoor();
      break;
    case DrainStep::kServe:
    case DrainStep::kReport: break;
  }
}

void LoopDrain::EndStep() {
  const DrainStep step = std::exchange(step_, DrainStep::kServe);
  if (step > taken_.load(std::memory_order_relaxed)) taken_.store(step, std::memory_order_release);
  // A few looks within the grace cost less than an order of their own for those few connections.
  if (step != DrainStep::kBegin || !grace_left_) return;
  LookAtQuietOnes(server_.now() + std::max<Duration>(server_.options().first_byte_grace / 4, std::chrono::milliseconds(1)));
}

// A piece of the step. True: that was not all. A visit may end the connection, but no other one.
bool LoopDrain::WalkOn() {
  const std::span<const LoopServer::List> lists = ListsOf(step_, once_more_);
  for (int left = LoopServer::kPiece;;) {
    TimeoutLink* link = waiting_.First();
    if (link == nullptr) {
      if (lists_ == lists.size()) return false;
      waiting_.TakeAll(server_.ListOf(lists[lists_++]));
      continue;
    }
    if (left-- == 0) return true;
    server_.ListOf(lists[lists_ - 1]).AddBack(*link);
    static_cast<Connection::Link*>(link)->connection->Guard([this](Connection& connection) { Visit(connection); });
  }
}

void LoopDrain::Visit(Connection& connection) {
  Exchange* exchange = connection.exchange();
  switch (step_) {
    case DrainStep::kServe: break;
    case DrainStep::kBegin:
      grace_left_ = grace_left_ || connection.HasGrace();
      connection.CloseUnlessSpoken();
      break;
    case DrainStep::kCancel:
      if (exchange != nullptr) {
        exchange->Cancel(kServerClosing);
      } else {
        connection.Overloaded();
      }
      break;
    case DrainStep::kCutOff:
      if (exchange != nullptr) server_.shared().NoteCutOff(exchange->Name() + " from " + connection.PeerName());
      connection.CutOff();
      break;
    case DrainStep::kReport:
      if (!exchange->Serving()) break;
      server_.observer().OnHandlerStuck({exchange->Name(), connection.PeerName(), exchange->request().Method(),
                                         exchange->request().Target(), server_.now() - cut_at_ + server_.options().cancel_grace});
      break;
  }
}

}  // namespace weft::internal
