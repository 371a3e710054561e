// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/dial_websocket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include <weft/handlers/live/internal/websocket_session.h>
#include <weft/net/client_failure.h>

namespace weft {
namespace {

using internal::WebSocketSession;

// HttpClient knows the protocol by its own names.
std::string HttpUrl(std::string_view url) {
  if (url.starts_with("ws://") || url.starts_with("wss://")) return std::string("http").append(url.substr(2));
  return std::string(url);
}

std::string Joined(const std::vector<std::string>& list) {
  std::string all;
  for (const std::string& one : list) all.append(all.empty() ? "" : ", ").append(one);
  return all;
}

Error NoHandshake(const ClientResponse& response, std::string detail) {
  return MakeClientFailure({ClientFailure::kMalformed, true, response.Url(), std::move(detail)});
}

}  // namespace

Result<WebSocket> DialWebSocket(const Context& ctx, HttpClient& client, std::string_view url, const WebSocketOptions& options) {
  auto session = std::make_shared<WebSocketSession>(WebSocketSession::Role::kClient, options, Background());
  ClientRequest request("GET", HttpUrl(url));
  request.Header().Set("Upgrade", "websocket");
  request.Header().Set("Sec-WebSocket-Version", "13");
  if (!options.protocols.empty()) request.Header().Set("Sec-WebSocket-Protocol", Joined(options.protocols));
  Stream stream;
  const Error err = session->Connect([&](const std::string& key) -> Result<std::string> {
    request.Header().Set("Sec-WebSocket-Key", key);
    Result<ClientResponse> response = client.Do(ctx, request);
    if (Error failed = response.Err()) return failed;
    const Fields& fields = response->Header();
    std::string accept(fields.Get("Sec-WebSocket-Accept"));
    std::string protocol(fields.Get("Sec-WebSocket-Protocol"));
    const bool extended = fields.Has("Sec-WebSocket-Extensions");
    Result<Stream> taken = response->TakeStream();
    if (Error failed = taken.Err()) return failed;
    if (extended) return NoHandshake(*response, "an extension that was not requested");  // RFC 6455 section 4.1
    const bool offered = std::find(options.protocols.begin(), options.protocols.end(), protocol) != options.protocols.end();
    if (!protocol.empty() && !offered) return NoHandshake(*response, "a protocol that was not requested");
    session->SetProtocol(std::move(protocol));
    stream = *std::move(taken);
    return accept;
  });
  if (err) return err.Is(kMalformed) ? MakeClientFailure({ClientFailure::kMalformed, true, std::string(url), err.Message()}) : err;
  session->Attach(std::move(stream));
  return WebSocket(std::move(session));
}

}  // namespace weft
