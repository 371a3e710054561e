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

// Sends into a WebSocket from anywhere: other requests' fibers, other loops, plain threads, and when the WebSocket is gone. A shared handle. It never
// waits: messages wait in a bounded queue until the WebSocket's own fiber is in Receive, Send or Close, which wakes up for them.
//
//   room.Join(user, socket->GetOutbox());
//   ...
//   if (!outbox.TrySend("kicked")) room.Leave(user);      // in another request
class WebSocketOutbox {
 public:
  WebSocketOutbox() noexcept = default;  // of none: TrySend is false
  // Queues a message. False: the WebSocket has ended, or the queue is full: the client is too slow.
  bool TrySend(std::string text) const { return Push({std::move(text), true}); }
  bool TrySendBinary(std::string data) const { return Push({std::move(data), false}); }
  // Makes the WebSocket's Receive fail with `why`, once what is queued has left: for a client that is to go. kClosed without a reason.
  void End(Error why = kClosed) const;
  // Whether the WebSocket can still be sent to.
  bool Open() const;

 private:
  friend class WebSocket;
  explicit WebSocketOutbox(std::shared_ptr<internal::WebSocketOutboxState> state) noexcept : state_(std::move(state)) {}
  bool Push(WebSocketMessage message) const;

  std::shared_ptr<internal::WebSocketOutboxState> state_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_LIVE_WEBSOCKET_OUTBOX_H_
