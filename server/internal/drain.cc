// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/drain.h>

#include <string>

namespace weft::internal {
namespace {

// How often a handler that does not end is reported.
constexpr Duration kReportEvery = std::chrono::seconds(5);

}  // namespace

Error Drain::Run() {
  readiness_.BeginDrain();
  if (shared_.options.lame_duck > Duration::zero()) {
    Tell(DrainPhase::kLameDuck);
    (void)Sleep(Background(), shared_.options.lame_duck);
  }
  Tell(DrainPhase::kDraining);
  acceptor_.Drain();
  parts_.ForEach([](LoopServer& part) { part.BeginDrain(); });
  shared_.BeginDrain();
  if (!AllClosedWithin(shared_.options.drain_timeout)) {
    Tell(DrainPhase::kPatienceOver);
    parts_.ForEach([](LoopServer& part) { part.CancelRequests(); });
    if (!AllClosedWithin(shared_.options.cancel_grace)) return CutOff();
  }
  Tell(DrainPhase::kDrained);
  return {};
}

Error Drain::CutOff() {
  Tell(DrainPhase::kCutOff);
  const TimePoint cut = Now();
  parts_.ForEach([](LoopServer& part) { part.CutOff(); });
  while (!AllClosedWithin(kReportEvery)) {
    parts_.ForEach([&](LoopServer& part) { part.ReportStuck(Now() - cut + shared_.options.cancel_grace); });
  }
  std::uint64_t count = 0;
  std::string names;
  parts_.ForEach([&](LoopServer& part) {
    count += part.CutOffCount();
    for (const std::string& name : part.CutOffNames()) names += (names.empty() ? "" : ", ") + name;
  });
  Tell(DrainPhase::kDrained);
  if (count == 0) return {};
  return kServerClosing.Wrap("the drain cut off " + std::to_string(count) + (count == 1 ? " request: " : " requests: ") + names);
}

bool Drain::AllClosedWithin(Duration time) {
  if (time == Duration::max()) return !shared_.all_closed.Wait(Background());
  const CancelScope scope = WithTimeout(Background(), time);
  (void)shared_.all_closed.Wait(scope.ctx);
  return shared_.all_closed.IsSet();
}

void Drain::Tell(DrainPhase phase) {
  LoopServer::Counts all;
  parts_.ForEach([&](LoopServer& part) {
    const LoopServer::Counts here = part.Count();
    all.connections += here.connections;
    all.requests += here.requests;
  });
  shared_.observer.OnDrainProgress({phase, all.connections, all.requests, Now() - begin_});
}

}  // namespace weft::internal
