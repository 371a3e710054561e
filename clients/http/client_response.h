// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_CLIENT_RESPONSE_H_
#define WEFT_CLIENTS_HTTP_CLIENT_RESPONSE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/http/fields.h>
#include <weft/net/stream.h>
#include <weft/net/tls_info.h>

namespace weft {

namespace internal {
class Exchange;
}

// The response to a request: its head is here, its body comes as it is read. A status is no Error, whatever it is: see ExpectSuccess.
//
// The response ends its exchange. One whose body was read to the end has given the connection back already; one that goes out of scope
// before that gives it back if the rest is there and small (64 KiB), and closes it otherwise. So keep none for longer than it is needed.
//
// It belongs to the loop on which it was made: use from another one aborts. One fiber uses it at a time. Views that it gives out are
// valid as long as it lives.
class [[nodiscard]] ClientResponse {
 public:
  explicit ClientResponse(internal::Exchange& exchange);  // made by HttpClient
  ClientResponse(ClientResponse&& other) noexcept : exchange_(std::exchange(other.exchange_, nullptr)) {}
  ClientResponse& operator=(ClientResponse&& other) noexcept;
  ~ClientResponse();  // never suspends

  int Status() const;
  std::pair<int, int> Version() const;  // {1, 1} or {1, 0}
  const Fields& Header() const WEFT_LIFETIMEBOUND;
  // After the body; empty before its end.
  const Fields& Trailer() const WEFT_LIFETIMEBOUND;
  // Of the last request, where redirects were followed.
  std::string Url() const;
  // How long the body is, or what is left of it, where the server has said so.
  std::optional<std::uint64_t> ContentLength() const;
  // Of a connection over TLS; null in plain, and once the body was read to its end.
  const TlsInfo* Tls() const;

  // Takes what is there of the body, at least one byte, and waits while there is none, under this context: that of Do was for the head.
  // 0: the end. Errors: the context's, after which it can be read on; a ClientFailure, when the server breaks off, stalls or sends
  // what is no body. A body is never whole after an Error. So it is a Reader (concurrency/copy.h).
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);
  // All that is left, at most `max` bytes: more are ClientFailure::kTooLarge.
  Result<std::string> ReadAll(const Context& ctx, std::uint64_t max = 16 * 1024 * 1024);

  // No Error for 2xx. Otherwise one that says "GET https://...: 503", ClientFailure::kStatus, for which a handler that returns it responds 502.
  Error ExpectSuccess() const;

  // After 101 to a request with Upgrade, or 2xx to CONNECT: the connection as bytes of the other protocol; it belongs to the loop of this
  // response, but neither to the client nor to its limits any more. An Error: the response is another one, or the request was not sent to its
  // end (ClientExchange::CloseWrite), so that the connection still speaks HTTP. Once.
  Result<Stream> TakeStream();

 private:
  friend struct ClientResponseAccess;
  internal::Exchange& Use(const char* function) const;
  void End() noexcept;

  internal::Exchange* exchange_;  // null: moved from
};

// The way of weft's own code to what a response holds.
struct ClientResponseAccess {
  // It may go on and on: from now on it is none of the requests that its origin gets at once.
  static void LeaveLimits(ClientResponse& response);
};

// A request whose body is written as the response is read: both directions at once (HttpClient::Open).
//
//   weft::Result<weft::ClientExchange> exchange = client.Open(ctx, weft::ClientRequest("POST", "https://users.internal/lines"));
//   if (weft::Error err = exchange.Err()) return err;
//   group.Go("send", [&](const weft::Context& c) -> weft::Error {
//     if (weft::Error err = exchange->Write(c, "...")) return err;
//     return exchange->CloseWrite(c);
//   });
//   weft::Result<weft::ClientResponse> response = exchange->Head(ctx);
//
// One fiber may write while another one calls Head and reads the response; both are on the loop of Open. The handle outlives the calls
// of both. A request that was not written to its end costs the connection.
class [[nodiscard]] ClientExchange {
 public:
  explicit ClientExchange(internal::Exchange& exchange, Duration response_timeout);  // made by HttpClient
  ClientExchange(ClientExchange&& other) noexcept
      : exchange_(std::exchange(other.exchange_, nullptr)), response_timeout_(other.response_timeout_) {}
  ClientExchange& operator=(ClientExchange&&) = delete;
  ~ClientExchange();

  // Sends all of it, waiting while the server does not take it. After an Error nothing more can be sent, but the server may have
  // responded: Head finds out.
  Error Write(const Context& ctx, std::string_view data);
  // After a body in chunks, up to CloseWrite; at first those of the request.
  Fields& Trailer() WEFT_LIFETIMEBOUND;
  // The body ends here. An Error: it was not sent to its end, also if it was an earlier Write that has failed.
  Error CloseWrite(const Context& ctx);
  // Waits for the head of the response; once. The time limit (HttpClientOptions::response_timeout) runs only once the body was written.
  Result<ClientResponse> Head(const Context& ctx);

 private:
  internal::Exchange& Use(const char* function) const;

  internal::Exchange* exchange_;
  Duration response_timeout_;
};

}  // namespace weft

#endif  // WEFT_CLIENTS_HTTP_CLIENT_RESPONSE_H_
