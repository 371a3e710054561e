// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SERVER_STATE_H_
#define WEFT_SERVER_INTERNAL_SERVER_STATE_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/handlers/handler.h>
#include <weft/http/internal/http1/head_parser.h>
#include <weft/http/internal/http2/session.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/trusted_peers.h>
#include <weft/server/internal/refusals.h>
#include <weft/server/observer.h>
#include <weft/server/options.h>

namespace weft::internal {

// What all loops of one server share. It lives in ListenAndServe's fiber and outlives all connections. Everything except the counts is
// written before the first accept.
struct ServerState {
  ServerState(const Context& ctx, const ServerOptions& given, weft::Handler to_serve, Observer& tells)
      : options(given),
        handler(std::move(to_serve)),
        observer(tells),
        values(WithoutCancel(ctx)),
        limits{given.head_bytes_max, given.target_bytes_max, given.fields_max},
        refusals(given.refusal),
        proxies(*TrustedPeers::Parse(given.proxy_protocol_from)),  // which was validated
        connections_watched(observer.WatchesConnections()) {}

  void ConnectionOpened() { open_connections.fetch_add(1, std::memory_order_seq_cst); }
  void ConnectionClosed() {
    if (open_connections.fetch_sub(1, std::memory_order_seq_cst) == 1 && draining.load(std::memory_order_seq_cst)) {
      all_closed.Set();
    }
  }
  // From now on the last connection that closes sets all_closed. The listener is closed already.
  void BeginDrain() {
    draining.store(true, std::memory_order_seq_cst);
    if (open_connections.load(std::memory_order_seq_cst) == 0) all_closed.Set();
  }

  // A request that the end of the drain has met, and closed by force. Any thread.
  void NoteForced(std::string_view name) {
    std::lock_guard hold(cut_off_lock);
    if (++cut_off_count <= kCutOffNamesMax) cut_off_names.append(cut_off_names.empty() ? "" : ", ").append(name);
  }

  static constexpr std::uint64_t kCutOffNamesMax = 8;

  const ServerOptions options;
  const weft::Handler handler;
  Observer& observer;
  const Context values;  // of the caller's context: what requests inherit
  const HeadLimits limits;
  const Refusals refusals;
  const TrustedPeers proxies;  // peers that must begin with a PROXY header
  // The protocols over TLS; curl --http1.0 offers only the last one.
  const AlpnList alpn = options.http2 && http2::SessionsExist() ? AlpnList{"h2", "http/1.1", "http/1.0"} : AlpnList{"http/1.1", "http/1.0"};
  const bool connections_watched;  // the observer asks for each connection's begin and end
  // Causes of the contexts of requests.
  const Error request_deadline = Error::New("request timeout");
  const Error handler_returned = Error::New("the handler has returned");

  std::atomic<std::int64_t> open_connections{0};
  std::atomic<bool> draining{false};
  Event all_closed;

  ThreadMutex cut_off_lock;
  std::uint64_t cut_off_count WEFT_GUARDED_BY(cut_off_lock) = 0;
  std::string cut_off_names WEFT_GUARDED_BY(cut_off_lock);  // of the first few
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SERVER_STATE_H_
