// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/websocket_outbox.h>

#include <weft/handlers/live/internal/outbox_state.h>

namespace weft {

bool WebSocketOutbox::Push(WebSocketMessage message) const { return state_ != nullptr && state_->Push(std::move(message)); }

void WebSocketOutbox::End(Error why) const {
  if (!why) internal::AbortMisuse("WebSocketOutbox::End", "an Error is needed");
  if (state_ != nullptr) state_->End(std::move(why));
}

bool WebSocketOutbox::Open() const { return state_ != nullptr && state_->Open(); }

}  // namespace weft
