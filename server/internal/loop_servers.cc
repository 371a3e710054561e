// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/loop_servers.h>

#include <utility>

namespace weft::internal {
namespace {

std::uint64_t ShareOf(std::uint64_t total, int loops) {
  const auto parts = static_cast<std::uint64_t>(loops);
  return total == kNone ? total : total / parts + (total % parts != 0 ? 1 : 0);
}

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

void LoopServers::Place(Fd fd, const Peer& peer) {
  LoopServer* best = nullptr;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    LoopServer& part = *parts_[(next_ + i) % parts_.size()];
    if (best == nullptr || part.Load() < best->Load()) best = &part;
  }
  next_ = (next_ + 1) % parts_.size();
  best->Adopt(std::move(fd), peer);
}

void LoopServers::EvictOneIdle() {
  // Each loop in turn: only it knows whether one of its connections is idle.
  LoopServer& part = *parts_[evict_next_++ % parts_.size()];
  part.loop().Post(*new Eviction(part));
}

}  // namespace weft::internal
