// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_LOOP_SERVERS_H_
#define WEFT_SERVER_INTERNAL_LOOP_SERVERS_H_

#include <memory>
#include <vector>

#include <weft/concurrency/loop.h>
#include <weft/server/internal/fd.h>
#include <weft/server/internal/loop_server.h>
#include <weft/server/internal/on_loop.h>
#include <weft/server/internal/peer.h>
#include <weft/server/internal/server_state.h>

namespace weft::internal {

// The parts of one server, one on each loop of the scheduler. Made, used and destroyed in the fiber of ListenAndServe; each part is
// made and destroyed on its own loop.
class LoopServers {
 public:
  explicit LoopServers(ServerState& shared);
  ~LoopServers();  // no connection is left
  LoopServers(const LoopServers&) = delete;
  LoopServers& operator=(const LoopServers&) = delete;

  // Gives a new connection to the loop that has the fewest; of equal ones each gets its turn. On the accepting loop's thread.
  void Place(Fd fd, const Peer& peer);
  // Frees a descriptor, if some connection is idle. On the accepting loop's thread; it happens soon, not at once.
  void EvictOneIdle();

  // Calls see(LoopServer&) on each loop, one after the other. In the fiber.
  template <class F>
  void ForEach(F see) {
    for (auto& part : parts_) RunOnLoop(part->loop(), [&] { see(*part); });
  }

 private:
  std::vector<std::unique_ptr<LoopServer>> parts_;
  std::size_t next_ = 0;
  std::size_t evict_next_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_LOOP_SERVERS_H_
