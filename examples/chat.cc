// SPDX-License-Identifier: Apache-2.0

// A chat room for browsers: one WebSocket for each, and a Broadcast that all of them have a subscription of.
//
//   build/release/examples/chat --address 127.0.0.1:8080      and open http://127.0.0.1:8080/ in two tabs
//
// /echo sends back what comes, for test suites.

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include <weft/concurrency/broadcast.h>
#include <weft/handlers/live/websocket.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "server_flags.h"

namespace {

constexpr std::string_view kPage = R"(<!doctype html>
<meta charset="utf-8">
<title>chat</title>
<form id="form"><input id="text" autocomplete="off" autofocus> <button>say</button> <span id="state"></span></form>
<ul id="log"></ul>
<script>
  const log = document.getElementById("log"), text = document.getElementById("text"), state = document.getElementById("state");
  let socket;
  function connect() {
    socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/room");
    socket.onopen = () => state.textContent = "connected";
    socket.onmessage = e => log.appendChild(document.createElement("li")).textContent = e.data;
    socket.onclose = e => {
      state.textContent = "closed " + e.code;
      setTimeout(connect, 500 + 1500 * Math.random());   // all come back after a restart, but not at once
    };
  }
  document.getElementById("form").onsubmit = e => {
    e.preventDefault();
    socket.send(text.value);
    text.value = "";
  };
  connect();
</script>
)";

weft::Broadcast<std::string> g_room;

weft::Error Room(weft::ResponseWriter& w, weft::Request& r) {
  // A client that does not keep up gets 1013 ("lagged"), and comes back.
  const weft::Subscription<std::string> said = g_room.Subscribe({.when_full = weft::WhenFull::kDisconnect});
  weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r, {.message_bytes_max = 4096});
  if (weft::Error err = socket.Err()) return err;
  return socket->Converse(
      r.Ctx(), said, [](std::string text) { return text; },
      [](const weft::WebSocketMessage& message) { g_room.Publish(message.data); });
}

weft::Error Echo(weft::ResponseWriter& w, weft::Request& r) {
  weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r, {.message_bytes_max = 64 << 20});
  if (weft::Error err = socket.Err()) return err;
  for (;;) {
    const weft::Result<weft::WebSocketMessage> message = socket->Receive(r.Ctx());
    if (message.Err().Is(weft::kClosed)) return {};
    if (message.Err().Is(weft::kServerClosing)) return socket->Close(1001);
    if (weft::Error err = message.Err()) return err;
    weft::Error err = message->text ? socket->Send(r.Ctx(), message->data) : socket->SendBinary(r.Ctx(), message->data);
    if (err) return err;
  }
}

}  // namespace

int main(int argc, char** argv) {
  weft::ServerOptions options = ServerFlags(argc, argv, "chat", "127.0.0.1:8080");
  options.http2_extended_connect = true;  // over TLS browsers then use the connection that they have (RFC 8441)

  weft::Mux mux;
  mux.Handle("GET /{$}", [](weft::ResponseWriter& w, weft::Request&) {
    w.Header().Set("Content-Type", "text/html; charset=utf-8");
    return w.Write(kPage);
  });
  mux.Handle("GET /room", Room);
  mux.Handle("GET /echo", Echo);

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  if (weft::Error err = weft::ListenAndServe(ctx, options, mux)) {
    std::fprintf(stderr, "chat: %s\n", err.Message().c_str());
    return 1;
  }
}
