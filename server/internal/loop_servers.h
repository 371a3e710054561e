// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_LOOP_SERVERS_H_
#define WEFT_SERVER_INTERNAL_LOOP_SERVERS_H_

#include <atomic>
#include <memory>
#include <vector>

#include <weft/concurrency/loop.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/peer.h>
#include <weft/server/internal/loop_server.h>
#include <weft/server/internal/on_loop.h>
#include <weft/server/internal/server_state.h>

namespace weft::internal {

// The parts of one server, one on each loop of the scheduler. Made and destroyed in the fiber of ListenAndServe; each part is
// made and destroyed on its own loop. The rest may be called from any thread, except where it says otherwise.
class LoopServers {
 public:
  explicit LoopServers(ServerState& shared);
  ~LoopServers();  // no connection is left
  LoopServers(const LoopServers&) = delete;
  LoopServers& operator=(const LoopServers&) = delete;

  // Gives a new connection, which ServerState has counted, to the loop that has the fewest of those that turn; of equal ones each gets
  // its turn. `here`: the loop that has accepted it, on whose thread this is; null on other threads. Throws std::bad_alloc.
  void Place(Fd fd, const Peer& peer, Loop* here);
  // Frees a descriptor, if some connection is idle. It happens soon, not at once.
  void EvictOneIdle();
  // Whether some loop is not held by what runs on it.
  bool AnyTurns() const;

  // Has each loop take the steps of the drain up to this one, all at the same time, each when it comes to it.
  void GoTo(DrainStep step);

  template <class F>
  void ForEach(F see) {
    for (auto& part : parts_) see(*part);
  }
  // Calls see(LoopServer&) on each loop, one after the other. In the fiber.
  template <class F>
  void ForEachOnLoop(F see) {
    for (auto& part : parts_) RunOnLoop(part->loop(), [&] { see(*part); });
  }

 private:
  LoopServer& Choose(const Loop* here);

  std::vector<std::unique_ptr<LoopServer>> parts_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> evict_next_{0};
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_LOOP_SERVERS_H_
