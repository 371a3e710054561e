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

// The response to a request: its head has arrived, its body arrives as it is read. A status is
// never an Error: see ExpectSuccess.
//
// The response ends its exchange. If its body was read to the end, the connection is already back
// in the pool. If it goes out of scope earlier, the connection goes back if the rest is there and
// small (64 KiB), and is closed otherwise. So do not keep a response for longer than needed.
//
// It belongs to the loop on which it was made: use from another one aborts. One fiber at a time may
// use it. The views that it returns are valid as long as it lives.
class [[nodiscard]] ClientResponse {
 public:
  explicit ClientResponse(internal::Exchange& exchange);  // made by HttpClient
  ClientResponse(ClientResponse&& other) noexcept
      : exchange_(std::exchange(other.exchange_, nullptr)) {}
  ClientResponse& operator=(ClientResponse&& other) noexcept;
  ~ClientResponse();  // never suspends

  int Status() const;
  std::pair<int, int> Version() const;  // {2, 0}, {1, 1} or {1, 0}
  const Fields& Header() const WEFT_LIFETIMEBOUND;
  // After the body; empty before its end.
  const Fields& Trailer() const WEFT_LIFETIMEBOUND;
  // Of the last request, if redirects were followed.
  std::string Url() const;
  // The length of the body, or of what is left of it, if the server has declared it.
  std::optional<std::uint64_t> ContentLength() const;
  // Of a TLS connection; null in plain text, and once the body was read to its end.
  const TlsInfo* Tls() const;

  // Reads what is there of the body, at least one byte, and waits while there is nothing. It waits
  // under this context; that of Do applied to the head. 0: the end. Errors: the context's, after
  // which reading can continue; a ClientFailure if the server breaks off, stalls, or sends a
  // malformed body. After an Error the body is incomplete. This makes a response a Reader
  // (concurrency/copy.h).
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);
  // Reads everything that is left, at most `max` bytes: more are ClientFailure::kTooLarge.
  Result<std::string> ReadAll(const Context& ctx, std::uint64_t max = 16 * 1024 * 1024);

  // Returns no Error for 2xx, and otherwise one with the message "GET https://...: 503". It is
  // ClientFailure::kStatus, so a handler that returns it responds with 502.
  Error ExpectSuccess() const;

  // After 101 to a request with Upgrade, or 2xx to CONNECT: the connection as bytes of the other
  // protocol. It belongs to the loop of this response, but no longer to the client or its limits.
  // Fails if the response is another one, or if the request was not sent to its end
  // (ClientExchange::CloseWrite), so that the connection still speaks HTTP. May be called once.
  Result<Stream> TakeStream();

 private:
  friend struct ClientResponseAccess;
  internal::Exchange& Use(const char* function) const;
  void End() noexcept;

  internal::Exchange* exchange_;  // null: moved from
};

// Gives weft's own code access to the contents of a response.
struct ClientResponseAccess {
  // It may continue for long: from now on it does not count among the concurrent requests of its
  // origin.
  static void LeaveLimits(ClientResponse& response);
};

// A request whose body is written while its response is read: both directions at once
// (HttpClient::Open).
//
//   weft::Result<weft::ClientExchange> exchange =
//       client.Open(ctx, weft::ClientRequest("POST", "https://users.internal/lines"));
//   if (weft::Error err = exchange.Err()) return err;
//   group.Go("send", [&](const weft::Context& c) -> weft::Error {
//     if (weft::Error err = exchange->Write(c, "a line\n")) return err;
//     return exchange->CloseWrite(c);
//   });
//   weft::Result<weft::ClientResponse> response = exchange->Head(ctx);
//
// One fiber may write while another one calls Head and reads the response; both must be on the loop
// of Open. The handle must outlive the calls of both. A request that was not written to its end
// costs the connection.
class [[nodiscard]] ClientExchange {
 public:
  // made by HttpClient
  explicit ClientExchange(internal::Exchange& exchange, Duration response_timeout);
  ClientExchange(ClientExchange&& other) noexcept
      : exchange_(std::exchange(other.exchange_, nullptr)),
        response_timeout_(other.response_timeout_) {}
  ClientExchange& operator=(ClientExchange&&) = delete;
  ~ClientExchange();

  // Sends all of it, and waits while the server does not take it. After an Error nothing more can
  // be sent, but the server may have responded: call Head to find out.
  Error Write(const Context& ctx, std::string_view data);
  // Sent after a body in chunks; may be changed until CloseWrite. Initially those of the request.
  Fields& Trailer() WEFT_LIFETIMEBOUND;
  // Ends the body. An Error means that it was not sent to its end, even if an earlier Write has
  // failed.
  Error CloseWrite(const Context& ctx);
  // Waits for the head of the response. May be called once. The time limit
  // (HttpClientOptions::response_timeout) starts only when the body was written.
  Result<ClientResponse> Head(const Context& ctx);

 private:
  internal::Exchange& Use(const char* function) const;

  internal::Exchange* exchange_;
  Duration response_timeout_;
};

}  // namespace weft

#endif  // WEFT_CLIENTS_HTTP_CLIENT_RESPONSE_H_
