// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/workers.h>

#include <algorithm>
#include <new>
#include <utility>

namespace weft::internal {
namespace {

std::uint64_t ShareOf(std::uint64_t total, int loops) {
  const auto parts = static_cast<std::uint64_t>(loops);
  return total == kUnlimited ? total : total / parts + (total % parts != 0 ? 1 : 0);
}

// Even the turns of a busy loop are shorter.
constexpr Duration kLongTurn = std::chrono::milliseconds(15);

struct Eviction : LoopTask {
  explicit Eviction(Shard& s) : LoopTask(&Go), shard(s) {}
  static void Go(LoopTask* task) {
    const std::unique_ptr<Eviction> self(static_cast<Eviction*>(task));
    static_cast<void>(self->shard.EvictOne());
  }
  Shard& shard;
};

}  // namespace

Workers::Workers(ServerState& shared) : limits_(ResolveLimits(shared.options, MeasureResources())) {
  Loop& here = *Loop::Current();
  // Connections are spread evenly, so each loop has its share and nothing is counted across loops.
  ServerLimits share = limits_;
  share.requests = ShareOf(share.requests, here.Siblings());
  share.queued_requests = ShareOf(share.queued_requests, here.Siblings());
  share.long_lived = ShareOf(share.long_lived, here.Siblings());
  for (int i = 0; i < here.Siblings(); ++i) {
    Loop& loop = here.Sibling(i);
    std::unique_ptr<Worker> worker;
    RunOnLoop(loop, [&] { worker = std::make_unique<Worker>(shared, loop, share); });
    worker->shard().SetParentFiber(CurrentFiberId());
    workers_.push_back(std::move(worker));
  }
}

Workers::~Workers() {
  for (auto& worker : workers_) RunOnLoop(worker->loop(), [&] { worker.reset(); });
}

// How long a turn has lasted does not say how long it will last. A loop whose turn has lasted long is avoided, and what goes to
// one that turns out to be held is taken back (Arrivals).
Worker& Workers::Choose(const Loop* here) {
  const std::size_t first = next_.fetch_add(1, std::memory_order_relaxed);
  const auto is_held = [here](Worker& one) { return &one.loop() != here && one.loop().HeldFor() > kLongTurn; };
  Worker* best = workers_[first % workers_.size()].get();
  bool best_held = is_held(*best);
  for (std::size_t i = 1; i < workers_.size(); ++i) {
    Worker& worker = *workers_[(first + i) % workers_.size()];
    const bool held = is_held(worker);
    if (held < best_held || (held == best_held && worker.shard().Load() < best->shard().Load())) {
      best = &worker;
      best_held = held;
    }
  }
  return *best;
}

void Workers::Place(Fd fd, const Peer& peer, Loop* here) {
  Worker& to = Choose(here);
  to.Expect();
  try {
    if (&to.loop() == here) {
      to.Adopt(std::move(fd), peer);
    } else if (here != nullptr) {
      workers_[static_cast<std::size_t>(here->Index())]->arrivals().Send(to, std::move(fd), peer);
    } else {
      Arrivals::SendFrom(to, std::move(fd), peer);
    }
  } catch (...) {
    to.Unexpect();
    throw;
  }
}

bool Workers::AnyTurns() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->loop().HeldFor() <= kLongTurn; });
}

// Asks one loop after the other: only a loop itself knows whether one of its connections is idle.
void Workers::EvictOneIdle() {
  const std::size_t first = evict_next_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = *workers_[(first + i) % workers_.size()];
    if (worker.loop().HeldFor() > kLongTurn && i + 1 < workers_.size()) continue;
    auto* eviction = new (std::nothrow) Eviction(worker.shard());
    if (eviction != nullptr) worker.loop().Post(*eviction);
    return;
  }
}

void Workers::GoTo(DrainStep step) {
  for (auto& worker : workers_) worker->shard().drain().GoTo(step);
}

}  // namespace weft::internal
