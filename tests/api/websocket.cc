// SPDX-License-Identifier: Apache-2.0

// What docs/live.md says about WebSockets and about services that were written for Beast.
#include <map>
#include <mutex>
#include <string>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <weft/concurrency/broadcast.h>
#include <weft/handlers/beast.h>
#include <weft/handlers/live/dial_websocket.h>
#include <weft/handlers/live/websocket.h>
#include <weft/handlers/routing/mux.h>

weft::Error Echo(weft::ResponseWriter& w, weft::Request& r) {
  weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r);
  if (weft::Error err = socket.Err()) return err;                 // 426, 400 or 403
  for (;;) {
    const weft::Result<weft::WebSocketMessage> message = socket->Receive(r.Ctx());
    if (message.Err().Is(weft::kClosed)) return {};               // the client has said goodbye
    if (message.Err().Is(weft::kServerClosing)) return socket->Close(1001);
    if (weft::Error err = message.Err()) return err;              // the client gets 1011
    if (weft::Error err = socket->Send(r.Ctx(), message->data)) return err;
  }
}

weft::Broadcast<std::string> room;

weft::Error Room(weft::ResponseWriter& w, weft::Request& r) {
  const weft::Subscription<std::string> said = room.Subscribe({.when_full = weft::WhenFull::kDisconnect});
  weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r);
  if (weft::Error err = socket.Err()) return err;
  return socket->Converse(r.Ctx(), said,
      [](std::string text) { return text; },                      // from the room to the client
      [](const weft::WebSocketMessage& message) { room.Publish(message.data); });
}

// Who is there, by name, for other requests.
std::mutex lock;
std::map<std::string, weft::WebSocketOutbox> present;

weft::Error Kick(weft::ResponseWriter& w, weft::Request& r) {
  std::lock_guard hold(lock);
  const auto found = present.find(std::string(r.PathValue("user")));
  if (found == present.end()) return weft::HttpError(404);
  found->second.TrySend("you are out");                           // false: too slow, or gone
  found->second.End();                                            // its Receive returns kClosed
  return w.Write("done\n");
}

weft::Error Say(const weft::Context& ctx, weft::HttpClient& client) {
  weft::Result<weft::WebSocket> socket = weft::DialWebSocket(ctx, client, "wss://chat.internal/room");
  if (weft::Error err = socket.Err()) return err;
  if (weft::Error err = socket->Send(ctx, "hello")) return err;
  return socket->Close();
}

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

// Not a line of this knows of weft.
http::message_generator HandleRequest(http::request<http::string_body>&& request) {
  http::response<http::string_body> response{http::status::ok, request.version()};
  response.set(http::field::content_type, "text/plain");
  response.keep_alive(request.keep_alive());
  response.body() = "you have asked for " + std::string(request.target()) + "\n";
  response.prepare_payload();
  return response;
}

void AddRoutes(weft::Mux& mux) {
  mux.Handle("GET /echo", Echo);
  mux.Handle("GET /room", Room);
  mux.Handle("POST /kick/{user}", Kick);
  mux.Handle("/", weft::FromBeast(HandleRequest));
}

// A session's loop, without callbacks.
weft::Error OldSocket(weft::ResponseWriter& w, weft::Request& r) {
  http::request<http::empty_body> upgrade{http::verb::get, "/", 11};
  for (const auto& field : r.Header()) upgrade.insert(field.name, field.value);
  weft::Result<weft::Stream> stream = w.Hijack();                 // without a status: Beast writes the 101
  if (weft::Error err = stream.Err()) return err;
  websocket::stream<weft::BeastStream> socket(weft::BeastStream(*std::move(stream), r.Ctx()));
  socket.accept(upgrade);
  for (beast::flat_buffer message;; message.clear()) {
    beast::error_code ec;
    socket.read(message, ec);                                     // waits for the client, and holds no loop
    if (ec == websocket::error::closed) return {};
    if (ec) return ec;
    socket.text(socket.got_text());
    socket.write(message.data());
  }
}
