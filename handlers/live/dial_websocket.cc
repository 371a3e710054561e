// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/dial_websocket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <weft/handlers/live/internal/websocket_session.h>
#include <weft/handlers/middleware/internal/random_hex.h>
#include <weft/http/internal/text.h>
#include <weft/http/internal/websocket_key.h>
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

// Without path and query, which may hold secrets.
std::string OriginOf(const std::string& url) { return url.substr(0, url.find_first_of("/?", url.find("://") + 3)); }

Error NoHandshake(const ClientResponse& response, std::string detail) {
  return MakeClientFailure({ClientFailure::kMalformed, true, OriginOf(response.Url()), std::move(detail)});
}

std::string RandomKey() {
  const std::array<std::uint64_t, 2> bits{internal::RandomBits(), internal::RandomBits()};
  std::array<unsigned char, 16> random;
  std::memcpy(random.data(), bits.data(), random.size());
  return internal::WebSocketKey(random);
}

// What is wrong with a 101 (RFC 6455 sections 4.1 and 11.3), or nothing.
std::string_view WrongWith(const Fields& response, std::string_view key, const std::vector<std::string>& offered) {
  if (!internal::EqualsIgnoreCase(response.Get("Upgrade"), "websocket")) return "the handshake: Upgrade is not websocket";
  if (response.Values("Sec-WebSocket-Accept").size() > 1) return "the handshake: more than one Sec-WebSocket-Accept";
  if (response.Values("Sec-WebSocket-Protocol").size() > 1) return "more than one Sec-WebSocket-Protocol";
  if (response.Get("Sec-WebSocket-Accept") != internal::WebSocketAccept(key)) return "the handshake: Sec-WebSocket-Accept is of another key";
  if (response.Has("Sec-WebSocket-Extensions")) return "an extension that was not requested";
  const std::string_view protocol = response.Get("Sec-WebSocket-Protocol");
  const bool known = protocol.empty() || std::find(offered.begin(), offered.end(), protocol) != offered.end();
  return known ? std::string_view() : "a protocol that was not requested";
}

}  // namespace

Result<WebSocket> DialWebSocket(const Context& ctx, HttpClient& client, std::string_view url, const WebSocketOptions& options) {
  auto session = std::make_shared<WebSocketSession>(WebSocketSession::Role::kClient, options, Background());
  const std::string key = RandomKey();
  ClientRequest request("GET", HttpUrl(url));
  request.Header().Set("Upgrade", "websocket");
  request.Header().Set("Sec-WebSocket-Version", "13");
  request.Header().Set("Sec-WebSocket-Key", key);
  if (!options.protocols.empty()) request.Header().Set("Sec-WebSocket-Protocol", Joined(options.protocols));
  Result<ClientResponse> response = client.Do(ctx, request);
  if (Error err = response.Err()) return err;
  const std::string_view wrong = WrongWith(response->Header(), key, options.protocols);
  session->SetProtocol(std::string(response->Header().Get("Sec-WebSocket-Protocol")));
  Result<Stream> stream = response->TakeStream();
  if (Error err = stream.Err()) return err;
  if (!wrong.empty()) return NoHandshake(*response, std::string(wrong));
  session->Attach(*std::move(stream));
  return WebSocket(std::move(session));
}

}  // namespace weft
