// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_WEBSOCKET_OUTBOX_H_
#define WEFT_HANDLERS_LIVE_WEBSOCKET_OUTBOX_H_

#include <memory>
#include <string>
#include <utility>

#include <weft/concurrency/error.h>
#include <weft/handlers/live/websocket_types.h>

namespace weft {

namespace internal {
struct WebSocketOutboxState;
}

// Sends into a WebSocket from anywhere: from other requests' fibers, other loops and plain threads,
// and even if the WebSocket is gone. It is a shared handle, and never waits. Messages are in a
// bounded queue until the WebSocket's own fiber is in Receive, Send or Close, which wakes up for
// them.
//
//   room.Join(user, socket->GetOutbox());
//   if (!outbox.TrySend("kicked")) room.Leave(user);      // in another request
class WebSocketOutbox {
 public:
  WebSocketOutbox() noexcept = default;  // of no WebSocket: TrySend returns false
  // Queues a message. False: the WebSocket closes or has ended, or the queue is full, so the client
  // is too slow.
  bool TrySend(std::string text) const { return Push({std::move(text), true}); }
  bool TrySendBinary(std::string data) const { return Push({std::move(data), false}); }
  // Makes the WebSocket's Receive fail with `why`, once everything queued was sent: for a client
  // that should leave. The default is kClosed. Does nothing once the WebSocket closes or has ended.
  // An empty Error aborts the process.
  void End(Error why = kClosed) const;
  // Whether the WebSocket can still be sent to: End has not been called, and neither side has
  // closed.
  bool Open() const;

 private:
  friend class WebSocket;
  explicit WebSocketOutbox(std::shared_ptr<internal::WebSocketOutboxState> state) noexcept
      : state_(std::move(state)) {}
  bool Push(WebSocketMessage message) const;

  std::shared_ptr<internal::WebSocketOutboxState> state_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_WEBSOCKET_OUTBOX_H_
