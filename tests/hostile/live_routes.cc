// SPDX-License-Identifier: Apache-2.0
#include "live_routes.h"

#include <list>
#include <mutex>
#include <utility>

#include <weft/concurrency/broadcast.h>
#include <weft/handlers/live/events.h>
#include <weft/handlers/live/websocket.h>

using weft::Error;
using weft::Request;
using weft::ResponseWriter;

struct LiveRoutes::State {
  // What was told at the end: to whom nothing is sent any more because it takes nothing, who was too slow for its queue, and the others.
  std::atomic<long> here{0};
  std::atomic<long> stalled{0};
  std::atomic<long> lagged{0};
  std::atomic<long> other{0};
  weft::Broadcast<std::string> said;
  std::mutex lock;
  std::list<weft::WebSocketOutbox> outboxes;

  void NoteEnd(const Error& err, bool lagging = false) {
    --here;
    if (lagging) {
      ++lagged;
    } else if (err.Is(weft::kTimeout)) {
      ++stalled;
    } else {
      ++other;
    }
  }

  Error Echo(ResponseWriter& w, Request& r) {
    weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r);
    if (Error err = socket.Err()) return err;
    ++here;
    Error err;
    while (!err) {
      const weft::Result<weft::WebSocketMessage> message = socket->Receive(r.Ctx());
      err = message.Err() ? message.Err() : socket->SendBinary(r.Ctx(), message->data);
    }
    NoteEnd(err);
    return err;
  }

  Error Room(ResponseWriter& w, Request& r) {
    const weft::Subscription<std::string> mine = said.Subscribe({.capacity = 4, .when_full = weft::WhenFull::kDisconnect});
    weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r);
    if (Error err = socket.Err()) return err;
    ++here;
    const Error err = socket->Converse(r.Ctx(), mine.Channel(), [](std::string text) { return text; },
                                       [this](const weft::WebSocketMessage& message) { said.Publish(message.data); });
    NoteEnd(err, mine.Disconnected());
    return err;
  }

  Error Outbox(ResponseWriter& w, Request& r) {
    weft::Result<weft::WebSocket> socket = weft::AcceptWebSocket(w, r, {.outbox_bytes_max = 64 * 1024});
    if (Error err = socket.Err()) return err;
    std::list<weft::WebSocketOutbox>::iterator mine;
    {
      const std::lock_guard hold(lock);
      mine = outboxes.insert(outboxes.end(), socket->GetOutbox());
    }
    ++here;
    const Error err = socket->Receive(r.Ctx()).Err();
    {
      const std::lock_guard hold(lock);
      outboxes.erase(mine);
    }
    NoteEnd(err, err.Is(weft::kTooLarge));
    return err;
  }

  Error Events(ResponseWriter& w, Request& r) {
    const weft::Subscription<std::string> mine = said.Subscribe({.capacity = 4, .when_full = weft::WhenFull::kDisconnect});
    weft::Result<weft::EventStream> events = weft::StartEvents(w, r);
    if (Error err = events.Err()) return err;
    ++here;
    const Error err = events->Forward(r.Ctx(), mine, [](std::string text) { return weft::ServerSentEvent{.data = std::move(text)}; });
    NoteEnd(err, mine.Disconnected() && !err);
    return err;
  }

  void Shout() {
    static const std::string text(16 * 1024, 'x');
    said.Publish(text);
    const std::lock_guard hold(lock);
    for (weft::WebSocketOutbox& each : outboxes) {
      if (!each.TrySend(text)) each.End(weft::kTooLarge);  // too slow
    }
  }
};

LiveRoutes::LiveRoutes() : state_(new State) {}
LiveRoutes::~LiveRoutes() { delete state_; }

void LiveRoutes::AddTo(weft::Mux& mux) {
  mux.Handle("GET /socket", [s = state_](ResponseWriter& w, Request& r) { return s->Echo(w, r); });
  mux.Handle("GET /room", [s = state_](ResponseWriter& w, Request& r) { return s->Room(w, r); });
  mux.Handle("GET /outbox", [s = state_](ResponseWriter& w, Request& r) { return s->Outbox(w, r); });
  mux.Handle("GET /events", [s = state_](ResponseWriter& w, Request& r) { return s->Events(w, r); });
  mux.Handle("POST /shout", [s = state_](ResponseWriter&, Request&) { s->Shout(); });
}

std::string LiveRoutes::Stats() const {
  std::string text;
  const auto add = [&text](const char* name, const std::atomic<long>& count) {
    text.append(name).append(" ").append(std::to_string(count.load())).append("\n");
  };
  add("live_here", state_->here);
  add("live_stalled", state_->stalled);
  add("live_lagged", state_->lagged);
  add("live_other", state_->other);
  return text;
}
