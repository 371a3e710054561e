// SPDX-License-Identifier: Apache-2.0
#include <weft/net/stream_loan.h>

#include <weft/net/internal/stream_state.h>

namespace weft {

Stream StreamLoan::Lend(StreamTransport& transport, const Scope& scope) {
  state_ = std::make_shared<internal::StreamState>();
  state_->transport = &transport;
  state_->lent = true;
  state_->scope = scope;
  return internal::StreamAccess::Make(state_);
}

std::uint64_t StreamLoan::BytesWritten() const { return state_->written; }

void StreamLoan::Close() noexcept { state_->closed = true; }

// A later use of the stream finds out.
void StreamLoan::End() noexcept {
  if (state_ == nullptr) return;
  state_->transport = nullptr;
  state_.reset();
}

}  // namespace weft
