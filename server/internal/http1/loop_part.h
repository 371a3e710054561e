// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_LOOP_PART_H_
#define WEFT_SERVER_INTERNAL_HTTP1_LOOP_PART_H_

#include <weft/http/internal/http1/request_head.h>
#include <weft/server/internal/http1/batch.h>
#include <weft/server/internal/http1/handshake_turns.h>
#include <weft/server/internal/http1/lending.h>
#include <weft/server/internal/http1/session_pool.h>
#include <weft/server/internal/http1/successor.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal::http1 {

// What a loop has for its HTTP/1.1 connections, in addition to the shard.
struct LoopPart {
  LoopPart(Shard& of, SuccessorMaker& makes_successors) : shard(of), successors(&makes_successors) {}
  LoopPart(const LoopPart&) = delete;
  LoopPart& operator=(const LoopPart&) = delete;

  Shard& shard;
  SuccessorMaker* const successors;
  Lending lending;
  Batch batch{shard.loop(), lending};
  SessionPool sessions{shard, batch, lending};
  HandshakeTurns handshakes{shard.loop()};
  Head head;  // the head that is being parsed, of a connection that has none of its own
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_LOOP_PART_H_
