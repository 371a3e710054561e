// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/live/internal/event_wait.h>

#include <utility>

namespace weft::internal {

EventWait::EventWait(const Context& ctx, Context draining, Duration heartbeat)
    : LoopTimer(&Fire), ctx_(ctx), draining_(std::move(draining)), heartbeat_(heartbeat), loop_(Loop::Current()), due_(After(Turn())) {
  Renew();
}

EventWait::~EventWait() {
  if (loop_ != nullptr) loop_->Disarm(*this);
}

void EventWait::Renew() {
  if (loop_ == nullptr) {
    either_ = WithEither(ctx_, draining_);
    scope_ = WithDeadline(either_.ctx, due_);
    return;
  }
  scope_ = WithEither(ctx_, draining_);
  if (due_ != TimePoint::max()) loop_->Arm(*this, due_);
}

void EventWait::Fire(LoopTimer* timer) {
  auto* const self = static_cast<EventWait*>(timer);
  if (self->loop_->TurnTime() < self->due_) {
    self->loop_->Arm(*self, self->due_);
  } else {
    self->scope_.cancel();
  }
}

}  // namespace weft::internal
