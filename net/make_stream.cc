// SPDX-License-Identifier: Apache-2.0
#include <weft/net/make_stream.h>

namespace weft {

Stream StreamLoan::Lend(StreamTransport& transport, const Scope& scope) {
  state_ = std::make_shared<internal::StreamState>();
  state_->transport = &transport;
  state_->lent = true;
  state_->scope = scope;
  return internal::StreamAccess::Make(state_);
}

// Who still has the stream finds out.
void StreamLoan::End() noexcept {
  if (state_ == nullptr) return;
  state_->transport = nullptr;
  state_.reset();
}

}  // namespace weft
