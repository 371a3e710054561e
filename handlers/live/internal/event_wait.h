// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_EVENT_WAIT_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_EVENT_WAIT_H_

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/loop.h>

namespace weft::internal {

// What a stream of events waits under for the next one: a context that ends with the caller's, with the drain, and when a heartbeat is due.
//
// Events are frequent and heartbeats rare. So the timer keeps its place in the loop's heap while events are sent, and looks when it fires
// whether there was one; and the time is that of the loop's turn. An event then costs neither a move in the heap nor a look at the clock. On a
// plain thread there is no loop: there the context is derived anew for each event.
class EventWait final : private LoopTimer {
 public:
  // `ctx` outlives it. `heartbeat`: kUnlimited for none.
  EventWait(const Context& ctx, Context draining, Duration heartbeat);
  ~EventWait();

  const Context& Ctx() const { return scope_.ctx; }
  // Something was sent.
  void Sent() {
    due_ = After(Turn());
    if (loop_ == nullptr) Renew();
  }
  // Whether a heartbeat is due. By the clock: values that are left out may keep the loop's turn from its end.
  bool Due() const { return due_ != TimePoint::max() && Now() >= due_; }
  // After the context has ended for a heartbeat.
  void Renew();

 private:
  static void Fire(LoopTimer* timer);
  TimePoint Turn() const { return loop_ != nullptr ? loop_->TurnTime() : Now(); }
  TimePoint After(TimePoint from) const { return heartbeat_ < TimePoint::max() - from ? from + heartbeat_ : TimePoint::max(); }

  const Context& ctx_;
  const Context draining_;
  const Duration heartbeat_;
  Loop* const loop_;
  CancelScope either_;    // on a plain thread: what scope_ is derived from
  CancelScope scope_;
  TimePoint due_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_EVENT_WAIT_H_
