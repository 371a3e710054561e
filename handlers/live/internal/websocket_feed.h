// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_FEED_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_FEED_H_

#include <optional>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft::internal {

// What the fiber that receives from a WebSocket sends meanwhile.
class WebSocketFeed {
 public:
  // Ends the context of `wake` as soon as SendNext has something to do; see PendingReceive.
  virtual void WakeBy(CancelFunc wake) = 0;
  // Sends the next message, under `ctx`. An Error ends the Receive with it. Empty: there is none now.
  virtual std::optional<Error> SendNext(const Context& ctx) = 0;

 protected:
  ~WebSocketFeed() = default;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_FEED_H_
