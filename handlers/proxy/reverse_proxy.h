// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_PROXY_REVERSE_PROXY_H_
#define WEFT_HANDLERS_PROXY_REVERSE_PROXY_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/unlimited.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/proxy/upstream_pool.h>

namespace weft {

struct ProxyOptions {
  // To the head of the response, all tries together, and counted from the end of a body that the client sends: 504. From then on the request
  // is long-lived (Request::LongLived), and only stalls end it.
  Duration response_timeout = std::chrono::seconds(30);
  Duration try_timeout = kUnlimited;  // of one try without a body
  // Another upstream is asked only if the first has not processed the request, or if that is GET, HEAD or OPTIONS without a body; never once a
  // byte of a body was taken from the client.
  int retries_max = 1;
  std::uint64_t body_bytes_max = kUnlimited;  // of a request: 413
  std::string strip_prefix = {};              // off the path, where it is there
  bool keep_host = false;                     // upstreams see the Host that the client has asked for
  // Protocols that are passed on; no other one ever is, and none with a request that has a body: then the field is left out.
  std::vector<std::string> upgrades = {"websocket"};
};

// A handler that passes requests on to upstreams, and their responses back, as streams in both directions: who reads slowly is
// what the other side is held back by.
//
//   weft::HttpClient client({.propagate = {.deadline_field = "X-Request-Timeout-Ms", .trace = true, .request_id = true}});
//   weft::UpstreamPool orders(client, {.addresses = {"10.0.0.1:8080", "10.0.0.2:8080"}});
//   mux.Handle("/orders/", weft::ReverseProxy(orders, {.strip_prefix = "/orders"}));
//
// What is of one connection only is taken out of both messages (RFC 9110 section 7.6.1). X-Forwarded-For, -Host and -Proto and Forwarded
// (RFC 7239) say who the client is by Request::Peer, Host and Secure: what came in them is dropped, unless the middleware ForwardedPeer has
// believed it. Trailers go along. Of interim responses 103 does, to browsers that navigate. What goes along beside that is the client's
// choice (HttpClientOptions::propagate).
//
// Errors: a ClientFailure, for which the response is 502, 503 or 504; those of the client's body (400, 408, 413). An upstream that
// breaks off within the body has the response broken off. A client that leaves cancels the request to the upstream.
//
// `pool` outlives the handler.
Handler ReverseProxy(UpstreamPool& pool, ProxyOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_PROXY_REVERSE_PROXY_H_
