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

// What goes along with each request, from the context that Do is given. All of it is off: a client for other people's hosts must not
// tell them ids.
struct Propagate {
  // The field that says how many milliseconds are left of the deadline, such as "X-Request-Timeout-Ms"; for DeadlineFrom on the
  // other side. Empty: none.
  std::string deadline_field = {};
  bool trace = false;       // traceparent and tracestate (W3C Trace Context), as a child of the request's span
  bool request_id = false;  // X-Request-Id
};

// Every limit is one of the process, whatever the number of loops and schedulers, and each has a safe default.
struct HttpClientOptions {
  // For one origin, which is scheme, host and port. More requests wait in order under their contexts; beyond the second number they
  // fail at once (ClientFailure::kBusy).
  std::uint32_t requests_per_origin_max = 64;
  std::uint32_t waiting_per_origin_max = 1024;
  // Connections that are kept; an idle one of another loop is closed to make room.
  std::uint32_t idle_per_origin_max = 64;

  Duration connect_timeout = std::chrono::seconds(5);    // look-up, TCP and TLS together
  Duration response_timeout = std::chrono::seconds(30);  // from the last byte of the request to the head of the response
  // In which 1 KiB has to move, each way, while it is waited for; of text/event-stream a single byte. The wait for the head is not meant.
  Duration stall_timeout = std::chrono::seconds(30);
  Duration idle_timeout = std::chrono::seconds(60);      // of a kept connection: below most servers' 75

  // A response above either fails with ClientFailure::kTooLarge.
  std::uint32_t head_bytes_max = 64 * 1024;
  // Redirects that Do follows (RFC 9110 section 15.4). Beyond: the redirect itself is the response, as with 0. Never from https to
  // http; to another origin without Authorization and Cookie.
  int redirects_max = 0;
  std::string user_agent = "weft";  // empty: none

  TlsClientOptions tls = {};
  Propagate propagate = {};

  // Asked after the look-up and before the connect, about each address: for URLs that users give. The client never connects to one for
  // which it returns an Error, whose text is in the detail of the failure. Not asked about unix sockets: their URLs, "http+unix://", are
  // refused where this is set. Beside `dial` it is asked about addresses in URLs alone: names are looked up, and judged, by who dials them.
  std::function<Error(const Address&)> allow = nullptr;
  // Connects in place of the client, in plain: TLS comes on top of the Stream. For tests (TestNetwork) and for connections through something
  // else. See `allow` for URLs that users give. Called in the fiber of the request, under the connect_timeout.
  std::function<Result<Stream>(const Context&, const DialTarget&)> dial = nullptr;
};

}  // namespace weft

#endif  // WEFT_CLIENTS_HTTP_OPTIONS_H_
