// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HOSTILE_LIVE_ROUTES_H_
#define WEFT_TESTS_HOSTILE_LIVE_ROUTES_H_

#include <atomic>
#include <string>

#include <weft/handlers/handler.h>
#include <weft/handlers/routing/mux.h>

// Connections that live long, for the server that is attacked.
//
//   /socket    a WebSocket: every message comes back
//   /room      a WebSocket: every message goes to all that are here, and nobody who is slow is waited for
//   /outbox    a WebSocket of which others send by its outbox: each request of /shout 16 KiB to all of them
//   /events    server-sent events: what POST /shout says
//   /shout     POST: 16 KiB to all of them
class LiveRoutes {
 public:
  LiveRoutes();
  ~LiveRoutes();
  LiveRoutes(const LiveRoutes&) = delete;
  LiveRoutes& operator=(const LiveRoutes&) = delete;

  void AddTo(weft::Mux& mux);
  // "NAME NUMBER" lines: how many there are, and with what they have ended.
  std::string Stats() const;

 private:
  struct State;
  State* const state_;
};

#endif  // WEFT_TESTS_HOSTILE_LIVE_ROUTES_H_
