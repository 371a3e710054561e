// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_DIAL_WEBSOCKET_H_
#define WEFT_HANDLERS_LIVE_DIAL_WEBSOCKET_H_

#include <string_view>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/live/websocket.h>

namespace weft {

// Opens a WebSocket to a server: "ws://host/path", "wss://..." or the http URLs that HttpClient takes, by which it connects, so that its limits and
// TLS hold until the handshake is done. The context holds until then. Of the options `origins` and what concerns an outbox's owner alone
// mean nothing here; all of `protocols` are offered, and the server's choice is Protocol(). The WebSocket is the caller's: any fiber of this
// loop may use it as one of the request's may at a server, and it ends, with 1000 if Close was not called, when it goes out of scope.
// A server that takes nothing of a message for 30 s is given up. Errors:
//   those of HttpClient::Do
//   ClientFailure::kStatus      the server has responded, but no 101
//   ClientFailure::kMalformed   what it has responded is no handshake
//
//   weft::Result<weft::WebSocket> socket = weft::DialWebSocket(ctx, client, "ws://chat.internal/room");
//   if (weft::Error err = socket.Err()) return err;
//   if (weft::Error err = socket->Send(ctx, "hello")) return err;
Result<WebSocket> DialWebSocket(const Context& ctx, HttpClient& client, std::string_view url, const WebSocketOptions& options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_DIAL_WEBSOCKET_H_
