// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_ORIGIN_POOL_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_ORIGIN_POOL_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <weft/clients/http/internal/http2/client_multiplexer.h>
#include <weft/clients/http/internal/shared_origin.h>
#include <weft/clients/http/internal/stream_line.h>
#include <weft/clients/http/internal/wire.h>
#include <weft/concurrency/event.h>

namespace weft::internal {

struct OriginPool;

// A connection that is being opened, and that several requests may share: the others wait for it. All of them hold it.
struct SharedAttempt {
  void End(OriginPool& pool);

  Event done;
  Error failure;  // of all of them
};

// What a loop has of one origin: the idle connections of HTTP/1.1, the one that was used last at the end, and all of HTTP/2.
struct OriginPool {
  struct Kept {
    std::unique_ptr<ClientWire> wire;
    TimePoint since;
  };
  std::shared_ptr<SharedOrigin> shared;
  std::vector<Kept> idle;
  std::vector<std::unique_ptr<http2::ClientMultiplexer>> multiplexers;  // in the order in which they were made
  std::uint64_t multiplexers_made = 0;
  std::shared_ptr<SharedAttempt> attempt;  // under way; null: none
  StreamLine line;                         // for a stream
  bool speaks_http1 = false;               // where HTTP/2 was offered: no request waits to share a connection
  std::uint32_t users = 0;                 // requests of this loop that are under way

  // Reserves room for the connection of each user, so that keeping one cannot fail.
  void AddUser() {
    const std::size_t most = idle.size() + users + 1;
    if (idle.capacity() < most) idle.reserve(std::max(most, 2 * idle.capacity()));
    ++users;
  }
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_ORIGIN_POOL_H_
