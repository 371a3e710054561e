// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_WORKER_H_
#define WEFT_SERVER_INTERNAL_WORKER_H_

#include <cstdint>
#include <memory>

#include <weft/concurrency/error.h>
#include <weft/concurrency/loop.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/peer.h>
#include <weft/server/internal/acceptor.h>
#include <weft/server/internal/arrivals.h>
#include <weft/server/internal/entrance.h>
#include <weft/server/internal/http1/loop_part.h>
#include <weft/server/internal/http2/loop_part.h>
#include <weft/server/internal/http2/multiplexer.h>
#include <weft/server/internal/limits.h>
#include <weft/server/internal/server_state.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal {

// Everything of a server that is on one loop: its shard, the parts of its protocols, and its part in accepting.
// Everything runs on the loop's thread, except where it says otherwise.
class Worker final : public Arrivals::Landing, private Shard::Accepting {
 public:
  Worker(ServerState& server, Loop& loop, const ServerLimits& share) : shard_(server, loop, share, *this) {
    shard_.SetPart(http1_);
  }

  Shard& shard() { return shard_; }
  const Shard& shard() const { return shard_; }
  Arrivals& arrivals() { return arrivals_; }

  Error StartAccepting(Entrance& entrance);
  void StopAccepting() override { acceptor_.reset(); }

  // Arrivals::Landing. Without memory for the connection, which ServerState has counted, it is closed.
  Loop& loop() override { return shard_.loop(); }
  void Adopt(Fd fd, const Peer& peer) noexcept override;
  void Expect() override { shard_.Expect(); }
  void Unexpect() override { shard_.Unexpect(); }

  // On the watchdog thread: sends responses that are lent, if this loop is held.
  void SendForHeldLoop();

 private:
  Shard shard_;
  http2::LoopPart http2_{shard_};
  http2::MultiplexerMaker multiplexers_{http2_};
  http1::LoopPart http1_{shard_, multiplexers_};
  std::unique_ptr<Acceptor> acceptor_;
  Arrivals arrivals_{*this};
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_WORKER_H_
