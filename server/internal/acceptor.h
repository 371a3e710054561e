// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_ACCEPTOR_H_
#define WEFT_SERVER_INTERNAL_ACCEPTOR_H_

#include <cstdint>

#include <weft/concurrency/event.h>
#include <weft/concurrency/loop.h>
#include <weft/server/internal/listener.h>
#include <weft/server/internal/loop_servers.h>
#include <weft/server/internal/server_state.h>

namespace weft::internal {

// Takes connections out of the listener's backlog and places them on the loops. It lives on the loop of ListenAndServe's fiber.
//
// When descriptors or connections have run out it closes the connection that has been idle longest, or else the slowest over its head,
// and pauses, so that it neither spins nor gives up; a listener that is broken for good ends the server.
class Acceptor final : public FdWatch {
 public:
  Acceptor(ServerState& shared, LoopServers& parts, Listener listener);
  ~Acceptor();

  const std::string& Bound() const { return listener_.Bound(); }
  // Begins to accept. In the fiber.
  Error Start();
  // Parks until the context is done, or the listener is broken: then the reason comes back.
  Error Wait(const Context& ctx);
  // Takes what the kernel has let in already, and closes the listener; one that is shared stays open for the others. In the fiber.
  void Drain();

 private:
  struct Pause : LoopTimer {
    explicit Pause(Acceptor* a) : LoopTimer(&Acceptor::OnPauseEnd), acceptor(a) {}
    Acceptor* acceptor;
  };
  enum class Next { kMore, kEmpty, kPause, kStop };
  static void OnReady(FdWatch* watch, std::uint32_t events);
  static void OnPauseEnd(LoopTimer* timer);
  Next AcceptOne(bool drain);
  void PauseAccepting();
  void StopWatching();

  ServerState& shared_;
  LoopServers& parts_;
  Loop& loop_;
  Listener listener_;
  const std::uint64_t connections_max_;
  Duration pause_time_;  // of the next pause
  bool watching_ = false;
  Error shortage_;  // why accept paused; empty: there are as many connections as allowed
  bool shortage_told_ = false;
  Pause pause_{this};
  Event broken_;
  Error failure_;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_ACCEPTOR_H_
