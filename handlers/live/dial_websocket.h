// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_DIAL_WEBSOCKET_H_
#define WEFT_HANDLERS_LIVE_DIAL_WEBSOCKET_H_

#include <string_view>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/live/websocket.h>

namespace weft {

// Opens a WebSocket to a server: "ws://host/path", "wss://..." or the http URLs that HttpClient
// takes. It connects by that client, whose limits and TLS apply until the handshake is done; so
// does the context. The options `origins` and those of the outbox have no meaning here. All of
// `protocols` are offered, and Protocol() is the server's choice.
//
//   weft::Result<weft::WebSocket> socket = weft::DialWebSocket(ctx, client, "ws://chat.internal/");
//   if (weft::Error err = socket.Err()) return err;
//   if (weft::Error err = socket->Send(ctx, "hello")) return err;
//
// The caller owns the WebSocket. Any fiber of this loop may use it, as the fibers of a request may
// at a server. When it goes out of scope it closes with 1000, unless Close was called. A server
// that takes nothing of a message for 30 s is given up. Errors:
//   those of HttpClient::Do
//   ClientFailure::kStatus      the server has responded, but not with 101
//   ClientFailure::kMalformed   its response is not a handshake
Result<WebSocket> DialWebSocket(const Context& ctx, HttpClient& client, std::string_view url,
                                const WebSocketOptions& options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_DIAL_WEBSOCKET_H_
