// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_WORKERS_H_
#define WEFT_SERVER_INTERNAL_WORKERS_H_

#include <atomic>
#include <memory>
#include <vector>

#include <weft/concurrency/loop.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/peer.h>
#include <weft/server/internal/entrance.h>
#include <weft/server/internal/limits.h>
#include <weft/server/internal/on_loop.h>
#include <weft/server/internal/server_state.h>
#include <weft/server/internal/worker.h>

namespace weft::internal {

// The workers of one server, one on each loop of the scheduler. Made and destroyed in the fiber of ListenAndServe;
// each worker is made and destroyed on its own loop. The rest may be called from any thread, except where it says
// otherwise.
class Workers final : public Entrance::Placement {
 public:
  explicit Workers(ServerState& shared);
  ~Workers();  // no connection is left
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Entrance::Placement. Of the loops that are not held, a connection goes to the one with the fewest; equal ones
  // take turns.
  void Place(Fd fd, const Peer& peer, Loop* here) override;
  void EvictOneIdle() override;
  bool AnyTurns() const override;

  // Has each loop take the steps of the drain up to this one, all at the same time, each when it comes to it.
  void GoTo(DrainStep step);

  // The limits of all loops together.
  const ServerLimits& limits() const { return limits_; }

  template <class F>
  void ForEach(F see) {
    for (auto& worker : workers_) see(*worker);
  }
  // Calls see(Worker&) on each loop, one after the other. In the fiber.
  template <class F>
  void ForEachOnLoop(F see) {
    for (auto& worker : workers_) RunOnLoop(worker->loop(), [&] { see(*worker); });
  }

 private:
  Worker& Choose(const Loop* here);

  const ServerLimits limits_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> evict_next_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_WORKERS_H_
