// SPDX-License-Identifier: Apache-2.0
#include "chat.h"

#include <memory>
#include <string>
#include <utility>

#include <weft/concurrency/broadcast.h>
#include <weft/handlers/live/websocket.h>

namespace {

using Line = std::shared_ptr<const std::string>;  // one for all who get it

weft::Error Chat(weft::ResponseWriter& w, weft::Request& r, const weft::Broadcast<Line>& room) {
  // A client that does not keep up gets 1013 ("lagged"), and comes again.
  const weft::Subscription<Line> lines = room.Subscribe({.capacity = 64, .when_full = weft::WhenFull::kDisconnect});
  weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r, {.message_bytes_max = 2000});
  if (weft::Error err = socket.Err()) return err;  // 426, 400, 403 or 503
  return socket->Converse(
      r.Ctx(), lines, [](const Line& line) { return *line; },
      [&](weft::WebSocketMessage message) {
        if (message.text) room.Publish(std::make_shared<const std::string>(std::move(message.data)));
      });
}

}  // namespace

void AddChatRoute(weft::Mux& mux) {
  mux.Handle("GET /api/chat", [room = weft::Broadcast<Line>()](weft::ResponseWriter& w, weft::Request& r) { return Chat(w, r, room); });
}
