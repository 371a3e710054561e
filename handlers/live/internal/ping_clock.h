// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_PING_CLOCK_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_PING_CLOCK_H_

#include <weft/concurrency/clock.h>
#include <weft/concurrency/loop.h>
#include <weft/handlers/live/internal/outbox_state.h>

namespace weft::internal {

// When the other side of a WebSocket has been silent for so long that it gets a ping, and then that it is given up.
class PingClock {
 public:
  explicit PingClock(Duration ping_after) : ping_after_(ping_after) {}

  void Heard() {
    const Loop* const loop = Loop::Current();
    heard_at_ = loop != nullptr ? loop->TurnTime() : Now();  // precise enough for seconds
    pinged_ = false;
  }
  void Ping() {
    pinged_ = true;
    pong_due_ = After(Now(), ping_after_ / 2);
  }
  bool Pinged() const { return pinged_; }  // since it was heard
  // When the next of the two is due; TimePoint::max(): never.
  TimePoint Due() const { return pinged_ ? pong_due_ : After(heard_at_, ping_after_); }
  // No fiber has read since `from`, so a pong may be here: the time does not count.
  void PassOver(TimePoint from) {
    if (pinged_) pong_due_ = After(pong_due_, Now() - from);
  }

 private:
  static TimePoint After(TimePoint from, Duration time) { return time < TimePoint::max() - from ? from + time : TimePoint::max(); }

  const Duration ping_after_;
  TimePoint heard_at_;
  bool pinged_ = false;
  TimePoint pong_due_;  // once pinged_
};

// Interrupts the wait of a server's WebSocket, by its outbox, when its PingClock is due. Messages are frequent and silence is rare: so the timer
// keeps its place in the loop's heap while messages come, and looks when it fires whether there was one.
class PingTimer final : private LoopTimer {
 public:
  PingTimer(const PingClock& clock, WebSocketOutboxState& outbox) : LoopTimer(&Fire), clock_(clock), outbox_(outbox) {}
  ~PingTimer() { Stop(); }

  // Before a wait, always on the same loop.
  void Watch(Loop& loop) {
    loop_ = &loop;
    if (!Armed() && clock_.Due() != TimePoint::max()) loop.Arm(*this, clock_.Due());
  }
  void Stop() {
    if (Armed()) loop_->Disarm(*this);
  }

 private:
  static void Fire(LoopTimer* timer) {
    auto* const self = static_cast<PingTimer*>(timer);
    if (self->loop_->TurnTime() < self->clock_.Due()) {
      self->Watch(*self->loop_);
    } else {
      self->outbox_.Interrupt();
    }
  }

  const PingClock& clock_;
  WebSocketOutboxState& outbox_;
  Loop* loop_ = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_PING_CLOCK_H_
