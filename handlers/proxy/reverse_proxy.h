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
  // The time until the head of the response, for all tries together, counted from the end of the
  // client's body: 504. After that the request is long-lived (Request::LongLived), and only stalls
  // end it.
  Duration response_timeout = std::chrono::seconds(30);
  Duration try_timeout = kUnlimited;  // of one try without a body
  // Another upstream is tried only if the first one has not processed the request, or if it is GET,
  // HEAD or OPTIONS without a body. Never once a byte of a body was taken from the client.
  int retries_max = 1;
  std::uint64_t body_bytes_max = kUnlimited;  // of a request; more is 413
  std::string strip_prefix = {};              // removed from the path if it is there
  // whether upstreams see the Host that the client asked for
  bool keep_host = false;
  // The protocols that are passed on. Others never are, and none is with a request that has a body;
  // the field is then left out.
  std::vector<std::string> upgrades = {"websocket"};
};

// A handler that passes requests on to upstreams and their responses back, as streams in both
// directions: a slow reader on one side slows down the other.
//
//   weft::HttpClient client({.propagate = {.trace = true, .request_id = true}});
//   weft::UpstreamPool orders(client, {.addresses = {"10.0.0.1:8080", "10.0.0.2:8080"}});
//   mux.Handle("/orders/", weft::ReverseProxy(orders, {.strip_prefix = "/orders"}));
//
// Fields that belong to one connection are removed from both messages (RFC 9110 section 7.6.1).
// X-Forwarded-For, -Host and -Proto and Forwarded (RFC 7239) name the client by Request::Peer, Host
// and Secure. Their incoming values are dropped, unless the middleware ForwardedPeer has believed
// them. Trailers are passed on. Of interim responses only 103 is, and only to browsers that
// navigate. The client decides what is sent in addition (HttpClientOptions::propagate).
//
// Errors: a ClientFailure, for which the response is 502, 503 or 504; those of the client's body
// (400, 408, 413). If an upstream breaks off within the body, so does the response. If the client
// leaves, the request to the upstream is canceled.
//
// `pool` must outlive the handler.
Handler ReverseProxy(UpstreamPool& pool, ProxyOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_PROXY_REVERSE_PROXY_H_
