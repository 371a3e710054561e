// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/loop_servers.h>

#include <algorithm>
#include <new>
#include <utility>

namespace weft::internal {
namespace {

std::uint64_t ShareOf(std::uint64_t total, int loops) {
  const auto parts = static_cast<std::uint64_t>(loops);
  return total == kNone ? total : total / parts + (total % parts != 0 ? 1 : 0);
}

// Turns of a loop that has much to do are shorter.
constexpr Duration kLongTurn = std::chrono::milliseconds(15);

struct Eviction : LoopTask {
  explicit Eviction(LoopServer& s) : LoopTask(&Go), server(s) {}
  static void Go(LoopTask* task) {
    const std::unique_ptr<Eviction> self(static_cast<Eviction*>(task));
    self->server.EvictIdle();
  }
  LoopServer& server;
};

}  // namespace

LoopServers::LoopServers(ServerState& shared) {
  Loop& here = *Loop::Current();
  // Connections are spread evenly, so each loop has its share and nothing is counted across loops.
  ServerLimits share = ResolveLimits(shared.options, MeasureResources());
  share.requests = ShareOf(share.requests, here.Siblings());
  share.queued_requests = ShareOf(share.queued_requests, here.Siblings());
  share.long_lived = ShareOf(share.long_lived, here.Siblings());
  for (int i = 0; i < here.Siblings(); ++i) {
    Loop& loop = here.Sibling(i);
    std::unique_ptr<LoopServer> part;
    RunOnLoop(loop, [&] {
      part = std::make_unique<LoopServer>(shared, loop, share);
    });
    part->SetParentFiber(CurrentFiberId());
    parts_.push_back(std::move(part));
  }
}

LoopServers::~LoopServers() {
  for (auto& part : parts_) RunOnLoop(part->loop(), [&] { part.reset(); });
}

// How long a turn lasts does not tell how long it will: one that has gone on for long is avoided, and what goes to one that turns out to
// be held comes back (Arrivals).
LoopServer& LoopServers::Choose(const Loop* here) {
  const std::size_t first = next_.fetch_add(1, std::memory_order_relaxed);
  const auto is_held = [here](LoopServer& part) { return &part.loop() != here && part.loop().HeldFor() > kLongTurn; };
  LoopServer* best = parts_[first % parts_.size()].get();
  bool best_held = is_held(*best);
  for (std::size_t i = 1; i < parts_.size(); ++i) {
    LoopServer& part = *parts_[(first + i) % parts_.size()];
    const bool held = is_held(part);
    if (held < best_held || (held == best_held && part.Load() < best->Load())) {
      best = &part;
      best_held = held;
    }
  }
  return *best;
}

void LoopServers::Place(Fd fd, const Peer& peer, Loop* here) {
  LoopServer& to = Choose(here);
  to.Expect();
  try {
    if (&to.loop() == here) {
      to.Adopt(std::move(fd), peer);
    } else if (here != nullptr) {
      parts_[static_cast<std::size_t>(here->Index())]->arrivals().Send(to, std::move(fd), peer);
    } else {
      Arrivals::SendFrom(to, std::move(fd), peer);
    }
  } catch (...) {
    to.Unexpect();
    throw;
  }
}

bool LoopServers::AnyTurns() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->loop().HeldFor() <= kLongTurn; });
}

// Each loop in turn: only it knows whether one of its connections is idle.
void LoopServers::EvictOneIdle() {
  const std::size_t first = evict_next_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    LoopServer& part = *parts_[(first + i) % parts_.size()];
    if (part.loop().HeldFor() > kLongTurn && i + 1 < parts_.size()) continue;
    auto* eviction = new (std::nothrow) Eviction(part);
    if (eviction != nullptr) part.loop().Post(*eviction);
    return;
  }
}

void LoopServers::GoTo(DrainStep step) {
  for (auto& part : parts_) part->drain().GoTo(step);
}

}  // namespace weft::internal
