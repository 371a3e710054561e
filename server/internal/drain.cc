// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/drain.h>

#include <algorithm>
#include <string>
#include <vector>

namespace weft::internal {
namespace {

// How often a handler that does not end is reported.
constexpr Duration kReportEvery = std::chrono::seconds(5);
// After this time, the watchdog thread does what a loop should have done.
constexpr Duration kTakeOver = std::chrono::milliseconds(100);
// How often that thread checks a server that serves, and one that drains.
constexpr Duration kLookEvery = std::chrono::milliseconds(50);
constexpr Duration kLookInDrain = std::chrono::milliseconds(20);

TimePoint After(TimePoint time, Duration duration) { return duration >= TimePoint::max() - time ? TimePoint::max() : time + duration; }

}  // namespace

// What is reported to the observer, which is the user's code, once the lock is free again.
struct Drain::News {
  std::vector<DrainProgress> phases;
  bool stuck = false;
};

Drain::Drain(ServerState& shared, Workers& workers, Entrance& entrance, Readiness::Report& readiness, const Context& ctx)
    : LoopSentinel(&OnLook), shared_(shared), workers_(workers), entrance_(entrance), readiness_(readiness), ctx_(ctx) {}

Drain::~Drain() { Loop::Current()->Remove(static_cast<LoopSentinel&>(*this)); }

Error Drain::Watch() { return Loop::Current()->Add(static_cast<LoopSentinel&>(*this), ctx_); }

Error Drain::Run(const Error& cause) {
  TimePoint due = TakeSteps(Now(), cause);
  while (!shared_.all_closed.IsSet()) {
    const CancelScope until = WithDeadline(Background(), due);
    if (shared_.all_closed.Wait(due == TimePoint::max() ? Background() : until.ctx)) due = TakeSteps(Now(), cause);
  }
  News news;
  {
    std::lock_guard hold(lock_);
    Enter(stage_, DrainPhase::kDrained, TimePoint::max(), news);
  }
  Tell(news);
  // If a loop is held now, it is not by this server; but that loop still watches the listener.
  workers_.ForEachOnLoop([](Worker& worker) { worker.StopAccepting(); });
  return Outcome();
}

Error Drain::Outcome() {
  std::lock_guard hold(shared_.cut_off_lock);
  const std::uint64_t count = shared_.cut_off_count;
  if (count == 0) return {};
  return kServerClosing.Wrap("the drain closed " + std::to_string(count) + (count == 1 ? " request" : " requests") + " by force: " +
                             shared_.cut_off_names);
}

// Takes all steps that are due. Returns when the next one is due.
TimePoint Drain::TakeSteps(TimePoint now, const Error& cause) {
  News news;
  TimePoint due;
  {
    std::lock_guard hold(lock_);
    while (TakeStep(now, cause, news)) {
    }
    due = due_;
  }
  Tell(news);
  return due;
}

bool Drain::TakeStep(TimePoint now, const Error& cause, News& news) {
  if (stage_ != Stage::kServing && (now < due_ || shared_.all_closed.IsSet())) return false;
  switch (stage_) {
    case Stage::kServing:
      begin_ = now;
      cause_ = cause;
      readiness_.BeginDrain();
      if (shared_.options.lame_duck > Duration::zero()) {
        Enter(Stage::kLameDuck, DrainPhase::kLameDuck, After(now, shared_.options.lame_duck), news);
      } else {
        BeginToDrain(now, news);
      }
      return true;
    case Stage::kLameDuck: BeginToDrain(now, news); return true;
    case Stage::kDraining:
      Enter(Stage::kCanceling, DrainPhase::kCanceling, After(now, shared_.options.cancel_grace), news);
      workers_.GoTo(DrainStep::kCancel);
      return true;
    case Stage::kCanceling:
      Enter(Stage::kForcedClose, DrainPhase::kForceClose, After(now, kReportEvery), news);
      workers_.GoTo(DrainStep::kForceClose);
      return true;
    case Stage::kForcedClose:
      due_ = After(now, kReportEvery);
      news.stuck = true;
      workers_.GoTo(DrainStep::kReport);
      return true;
  }
  return false;
}

// The listener first: nothing may delay that new clients go elsewhere.
void Drain::BeginToDrain(TimePoint now, News& news) {
  Enter(Stage::kDraining, DrainPhase::kDraining, After(now, shared_.options.drain_timeout), news);
  entrance_.Shut();
  workers_.GoTo(DrainStep::kBegin);
  shared_.BeginDrain();
}

void Drain::Enter(Stage stage, DrainPhase phase, TimePoint due, News& news) {
  stage_ = stage;
  due_ = due;
  std::uint64_t requests = 0;
  workers_.ForEach([&](Worker& worker) { requests += worker.shard().slots().Requests(); });
  const std::int64_t connections = shared_.open_connections.load(std::memory_order_relaxed);
  news.phases.push_back({phase, static_cast<std::uint64_t>(connections), requests, Now() - begin_, cause_});
}

void Drain::Tell(const News& news) {
  for (const DrainProgress& phase : news.phases) shared_.observer.OnDrainProgress(phase);
  if (!news.stuck) return;
  // Of a loop that is held and cannot report its own requests, only the fiber that holds it is known.
  workers_.ForEach([&](Worker& worker) {
    const Duration held = worker.loop().HeldFor();
    if (worker.shard().drain().HasTaken(DrainStep::kForceClose) || held < kTakeOver) return;
    shared_.observer.OnHandlerStuck({worker.loop().RunningFiber(), "", "", "", held});
  });
}

Duration Drain::OnLook(LoopSentinel* sentinel) { return static_cast<Drain*>(sentinel)->Look(); }

Duration Drain::Look() {
  workers_.ForEach([](Worker& worker) { worker.SendForHeldLoop(); });
  const Error ended = ctx_.Err();
  if (!ended && !entrance_.Broken()) {
    entrance_.HandOn();
    return kLookEvery;
  }
  const TimePoint now = Now();
  if (asked_ == TimePoint::max()) asked_ = now;
  bool begun = false;
  {
    std::lock_guard hold(lock_);
    begun = stage_ != Stage::kServing;
  }
  if (begun || now - asked_ >= kTakeOver) TakeSteps(now - kTakeOver, ended ? ctx_.Cause() : entrance_.Failure());
  NameHolders(now);
  return kLookInDrain;
}

// Once in each stage, when its step is overdue: names what holds a loop that has not taken it.
void Drain::NameHolders(TimePoint now) {
  Stage stage;
  {
    std::lock_guard hold(lock_);
    stage = stage_;
  }
  if (stage == Stage::kServing || stage == Stage::kLameDuck) return;
  if (named_ != stage) {
    named_ = stage;
    name_at_ = now + kTakeOver;
  }
  if (now < name_at_) return;
  name_at_ = TimePoint::max();
  const DrainStep step = stage == Stage::kDraining       ? DrainStep::kBegin
                         : stage == Stage::kCanceling ? DrainStep::kCancel
                                                         : DrainStep::kForceClose;
  workers_.ForEach([&](Worker& worker) {
    const Duration held = worker.loop().HeldFor();
    if (!worker.shard().drain().HasTaken(step) && held >= kTakeOver) shared_.observer.OnLoopStalled({worker.loop().RunningFiber(), held, ""});
  });
}

}  // namespace weft::internal
