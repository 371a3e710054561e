// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_CONNECTOR_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_CONNECTOR_H_

#include <memory>
#include <vector>

#include <weft/clients/http/internal/name_cache.h>
#include <weft/clients/http/internal/shared_origin.h>
#include <weft/clients/http/internal/url.h>
#include <weft/clients/http/internal/wire.h>
#include <weft/clients/http/options.h>
#include <weft/concurrency/mutex.h>
#include <weft/net/client_failure.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/tls/alpn.h>
#include <weft/net/internal/tls/client_context.h>

namespace weft::internal {

// Makes the connections of one client: lookup, race of the addresses (RFC 8305), TLS. From any fiber.
class Connector {
 public:
  explicit Connector(const HttpClientOptions& options) : options_(options), pace_{.stall = options.stall_timeout} {}

  // On the loop of the caller. `http2`: offers it as well as HTTP/1.1; IsHttp2 says what the server has chosen. Errors: the context's; a
  // ClientFailure, with nothing processed.
  Result<std::unique_ptr<ClientWire>> Connect(const Context& ctx, const HttpUrl& url, SharedOrigin& origin, bool http2);
  // Only a socket speaks it: it is a SocketWire.
  static bool IsHttp2(ClientWire& wire);

 private:
  Result<std::unique_ptr<ClientWire>> ConnectInTime(const Context& ctx, const HttpUrl& url, SharedOrigin& origin, bool http2);
  Result<std::unique_ptr<ClientWire>> Dialled(const Context& ctx, const HttpUrl& url, SharedOrigin& origin, bool http2);
  // `session`: null where no TLS is spoken.
  Result<std::unique_ptr<ClientWire>> OverSocket(const Context& ctx, const HttpUrl& url, Fd fd, bool is_unix, std::unique_ptr<TlsSession> session);
  Error AllowedToDial(const HttpUrl& url);
  Result<Fd> OpenSocket(const Context& ctx, const HttpUrl& url);
  Result<std::vector<SocketAddress>> Allowed(const HttpUrl& url, const std::vector<SocketAddress>& found);
  Result<std::unique_ptr<TlsSession>> NewSession(const Context& ctx, const HttpUrl& url, SharedOrigin& origin, bool http2);
  Result<std::shared_ptr<const ClientContext>> LoadTls(const Context& ctx);

  const HttpClientOptions& options_;
  const ClientWire::Pace pace_;
  const AlpnList alpn_{"http/1.1"};
  const AlpnList alpn_http2_{"h2", "http/1.1"};
  NameCache names_;
  Mutex tls_lock_;
  std::shared_ptr<const ClientContext> tls_;  // loaded by the first call that needs it
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_CONNECTOR_H_
