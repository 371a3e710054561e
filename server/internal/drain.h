// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_DRAIN_H_
#define WEFT_SERVER_INTERNAL_DRAIN_H_

#include <weft/concurrency/error.h>
#include <weft/handlers/readiness.h>
#include <weft/server/internal/acceptor.h>
#include <weft/server/internal/loop_servers.h>
#include <weft/server/internal/server_state.h>

namespace weft::internal {

// The end of a server, step by step (docs/shutdown.md): lame duck, drain, patience, hard end. It waits for events, with a bound on each
// step but the last: nothing returns while a handler runs.
class Drain {
 public:
  Drain(ServerState& shared, LoopServers& parts, Acceptor& acceptor, Readiness::Report& readiness)
      : shared_(shared), parts_(parts), acceptor_(acceptor), readiness_(readiness) {}

  // Empty after a clean drain; else what was cut off.
  Error Run();

 private:
  void Tell(DrainPhase phase);
  bool AllClosedWithin(Duration time);
  Error CutOff();

  ServerState& shared_;
  LoopServers& parts_;
  Acceptor& acceptor_;
  Readiness::Report& readiness_;
  const TimePoint begin_ = Now();
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_DRAIN_H_
