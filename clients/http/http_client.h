// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_HTTP_CLIENT_H_
#define WEFT_CLIENTS_HTTP_HTTP_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <weft/clients/http/client_request.h>
#include <weft/clients/http/client_response.h>
#include <weft/clients/http/options.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/pool_stats.h>
#include <weft/concurrency/result.h>
#include <weft/net/client_failure.h>

namespace weft {

namespace internal {
struct ClientState;
}

// A client for HTTP/1.1, in plain text and over TLS, and on request for HTTP/2 over TLS
// (HttpClientOptions::http2; RFC 9110, 9112, 9113). Use one per process, shared by all loops;
// it may be built anywhere, even before there is a loop. Calls park the fiber, under a context that
// applies to everything that they wait for. It keeps connections on each loop. It starts no fiber
// of its own, except during a call that sends a body and listens at the same time.
//
//   weft::HttpClient client;                                                // in main
//
//   weft::Result<weft::ClientResponse> response = client.Get(ctx, "https://users.internal/u/1");
//   if (weft::Error err = response.Err()) return err;              // responds with 502, 503 or 504
//   if (weft::Error err = response->ExpectSuccess()) return err;   // a status is no Error
//   weft::Result<std::string> body = response->ReadAll(ctx);
//
// The errors of all calls are:
//   the context's; under a context that is already done no request is sent
//   a ClientFailure (net/client_failure.h): what happened, and whether the server may have acted on
//     the request
//   that of a BodyReader, unchanged
//   that of a URL, a method or a field that cannot be sent, before anything is sent, including what
//     Fields::Refused reports
//
// A request is sent a second time, once and at once, if the kept connection that it was sent on
// ended before any byte of a response, and if the method has no effects (GET, HEAD, OPTIONS, TRACE)
// or the request has an Idempotency-Key. Apart from that, only Retry (clients/retry.h) sends again,
// if the caller says so.
//
// It aborts on a plain thread: use weft::Run(ctx, fn), which gives fn loops of its own.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});  // never fails, never connects
  // Closes the kept connections; may park. Aborts while a call, a response or an exchange is in
  // use.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Sends the request, and returns when the head of the response has arrived; `ctx` applies until
  // then. If the head arrives early, the rest of the body is not sent: for a server that responds
  // while it reads, use Open.
  Result<ClientResponse> Do(const Context& ctx, const ClientRequest& request);
  Result<ClientResponse> Get(const Context& ctx, std::string_view url);
  Result<ClientResponse> Post(const Context& ctx, std::string_view url,
                              std::string_view content_type, std::string_view body);

  // Sends the head and returns. The caller then writes the body and reads the response at the same
  // time. `length` is that of the body; without it the body is sent in chunks. A body in the
  // request is ignored, and no redirect is followed.
  Result<ClientExchange> Open(const Context& ctx, ClientRequest request,
                              std::optional<std::uint64_t> length = std::nullopt);

  // Connects to "https://users.internal", so that the first request need not, and a mistake shows
  // early.
  Error Warm(const Context& ctx, std::string_view origin);

  // For metrics (Metrics::Add).
  PoolStats Stats() const;
  const HttpClientOptions& Options() const;

 private:
  std::unique_ptr<internal::ClientState> state_;
};

}  // namespace weft

#endif  // WEFT_CLIENTS_HTTP_HTTP_CLIENT_H_
