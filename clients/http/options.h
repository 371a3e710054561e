// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_OPTIONS_H_
#define WEFT_CLIENTS_HTTP_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/unlimited.h>
#include <weft/net/address.h>
#include <weft/net/stream.h>
#include <weft/net/tls_options.h>

namespace weft {

// What each request carries on from the context that is given to Do. All of it is off by default: a
// client for other people's hosts must not send them ids.
struct Propagate {
  // The field that says how many milliseconds are left until the deadline, such as
  // "X-Request-Timeout-Ms"; for DeadlineFrom on the other side. Empty: none.
  std::string deadline_field = {};
  // Traceparent and tracestate (W3C Trace Context), as a child of the request's span.
  bool trace = false;
  bool request_id = false;  // X-Request-Id
};

// Each limit applies to the whole process, whatever the number of loops and schedulers, and has a
// safe default.
//
//   weft::HttpClient client({.response_timeout = std::chrono::seconds(2),
//                            .http2 = true,
//                            .propagate = {.deadline_field = "X-Request-Timeout-Ms"}});
struct HttpClientOptions {
  // For one origin: a scheme, host and port. Further requests wait in order, under their contexts.
  // Those beyond the second number fail at once (ClientFailure::kBusy).
  std::uint32_t requests_per_origin_max = 64;
  std::uint32_t waiting_per_origin_max = 1024;
  // Connections that are kept; an idle one of another loop is closed to make room.
  std::uint32_t idle_per_origin_max = 64;

  Duration connect_timeout = std::chrono::seconds(5);    // lookup, TCP and TLS together
  // From the last byte of the request to the head of the response.
  Duration response_timeout = std::chrono::seconds(30);
  // The time in which 1 KiB must move, in each direction, while it is waited for; for
  // text/event-stream a single byte. It does not apply to the wait for the head.
  Duration stall_timeout = std::chrono::seconds(30);
  // of a kept connection: below the 75 s of most servers
  Duration idle_timeout = std::chrono::seconds(60);

  // Offers HTTP/2 to servers over TLS (RFC 9113); those that do not choose it get HTTP/1.1. With
  // HTTP/2, all requests of a loop to an origin share a connection, up to the number of streams
  // that the server allows. Beyond that there is a second connection, and then requests wait for a
  // stream, in order. Requests with Upgrade or "Connection: close", and CONNECT, use HTTP/1.1. So
  // does everything over a Stream that `dial` has returned, unless it is a socket, as those of Dial
  // are. In a build without HTTP/2 (WEFT_HTTP2=OFF) all requests of a client with this option fail.
  bool http2 = false;
  // Over HTTP/2: if requests wait and the server has been silent for this long, it gets a PING. If
  // there is no reply for as long again, they fail (ClientFailure::kStalled).
  Duration ping_after = std::chrono::seconds(15);

  // A response that exceeds either of these fails with ClientFailure::kTooLarge.
  std::uint32_t head_bytes_max = 64 * 1024;
  // How many redirects Do follows (RFC 9110 section 15.4). Beyond that, and for 0, the redirect
  // itself is the response. Never from https to http; to another origin without Authorization and
  // Cookie.
  int redirects_max = 0;
  std::string user_agent = "weft";  // empty: none

  TlsClientOptions tls = {};
  Propagate propagate = {};

  // Called after the lookup and before the connect, for each address: for URLs that come from
  // users. The client never connects to an address for which it returns an Error; its text becomes
  // the detail of the failure. It is not called for Unix-domain sockets: if it is set, their URLs,
  // "http+unix://", are rejected. Together with `dial` it is called only for addresses in URLs:
  // names are looked up, and judged, by that function.
  std::function<Error(const Address&)> allow = nullptr;
  // Connects instead of the client, in plain text: TLS is added on top of the Stream. For tests
  // (TestNetwork), and for connections through something else. For URLs that come from users see
  // `allow`. Called in the fiber of the request, under the connect_timeout.
  std::function<Result<Stream>(const Context&, const DialTarget&)> dial = nullptr;
};

}  // namespace weft

#endif  // WEFT_CLIENTS_HTTP_OPTIONS_H_
