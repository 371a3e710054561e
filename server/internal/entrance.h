// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_ENTRANCE_H_
#define WEFT_SERVER_INTERNAL_ENTRANCE_H_

#include <atomic>
#include <cstdint>
#include <string>

#include <weft/concurrency/error.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/loop.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/listener.h>
#include <weft/net/internal/peer.h>
#include <weft/server/internal/server_state.h>

namespace weft::internal {

// Takes connections out of the backlog and places them on the loops. A server has one, through which every loop accepts (Acceptor),
// so that a loop that is held keeps no client out; the watchdog thread accepts if no loop does. Everything may be
// called from any thread, at the same time, unless it says otherwise.
class Entrance {
 public:
  enum class Next : std::uint8_t {
    kMore,   // one was accepted
    kEmpty,  // none waits
    kPause,  // there is no room: too many connections, or no descriptors
    kStop,   // no more clients are let in, or the listener is broken
  };

  // Where connections go. From any thread.
  class Placement {
   public:
    // Places a new connection, which ServerState has counted. `here`: the loop that has accepted it, on whose thread
    // this is; null on other threads. Throws std::bad_alloc.
    virtual void Place(Fd fd, const Peer& peer, Loop* here) = 0;
    // Frees a descriptor, if some connection is idle. It happens soon, not at once.
    virtual void EvictOneIdle() = 0;
    // Whether some loop is not held.
    virtual bool AnyTurns() const = 0;

   protected:
    ~Placement() = default;
  };

  Entrance(ServerState& shared, Placement& placement, Listener listener);

  // As ServerOptions::on_listen reports it.
  const std::string& Bound() const { return bound_; }
  int Descriptor() const { return listener_.Descriptor(); }

  // `here`: the loop that accepts, null on another thread.
  Next AcceptOne(Loop* here);
  // Reports that there is no room, once for each time that it runs out, and makes an idle connection give up its own.
  void NoteShortage() noexcept;
  // For the watchdog thread: accepts connections that wait although some loop is not held. Loops may be held after they were woken.
  void HandOn();

  // Accepts what the kernel has let in already, and lets no more clients in; a shared listener stays open for its other holders.
  // Once.
  void Shut();

  // Parks until the context is done, or until the listener is broken, for which it returns the reason.
  Error Wait(const Context& ctx);
  bool Broken() const { return broken_.IsSet(); }
  const Error& Failure() const { return failure_; }  // why it is broken

 private:
  void ReportShortage();
  void ReportOutOfMemory() noexcept;
  Next Take(Loop* here);
  Next TakeCounted(Loop* here);

  ServerState& shared_;
  Placement& placement_;
  Listener listener_;
  const std::string bound_;
  const std::uint64_t connections_max_;
  std::atomic<bool> open_{true};
  std::atomic<int> shortage_{0};  // why accept last paused: an errno; 0: there are as many connections as allowed
  std::atomic<bool> forbidden_{false};  // and making room would not help
  std::atomic<bool> shortage_told_{false};
  std::atomic<bool> failed_{false};
  bool waited_ = false;  // at the last HandOn a connection waited
  Event broken_;
  Error failure_;  // before broken_
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_ENTRANCE_H_
