// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_CONNECTION_SEARCH_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_CONNECTION_SEARCH_H_

#include <cstdint>
#include <memory>

#include <weft/clients/http/internal/carried_request.h>
#include <weft/clients/http/internal/http2/client_stream.h>
#include <weft/clients/http/internal/kept_connections.h>
#include <weft/clients/http/internal/outgoing_request.h>
#include <weft/clients/http/internal/wire.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

namespace weft::internal {

// Finds a connection for a request that may share one: a stream over HTTP/2, or a connection of its own if the server speaks only HTTP/1.1.
// On the stack of the fiber that needs it.
class ConnectionSearch {
 public:
  struct Found {
    std::unique_ptr<ClientWire> own;  // null: the stream has joined another one
    bool kept = false;                // it was used before
  };

  ConnectionSearch(KeptConnections& connections, OriginPool& pool, const CarriedRequest& request, http2::ClientStream& stream)
      : connections_(connections), pool_(pool), request_(request), stream_(stream) {}

  // `fresh`: only a connection that was made after the one of this number, and no idle one. Errors: the context's; ClientFailure, with nothing
  // processed.
  Result<Found> Run(const Context& ctx, const OutgoingRequest& request, bool fresh, std::uint64_t number);

 private:
  bool Joined(std::uint64_t after);
  Result<Found> Connect(const Context& ctx);
  Error AwaitAttempt(const Context& ctx);
  Error AwaitRoom(const Context& ctx, TimePoint until, StreamLine::Place& place);

  KeptConnections& connections_;
  OriginPool& pool_;
  const CarriedRequest& request_;
  http2::ClientStream& stream_;
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_CONNECTION_SEARCH_H_
