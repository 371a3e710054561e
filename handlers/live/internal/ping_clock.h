// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_PING_CLOCK_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_PING_CLOCK_H_

#include <weft/concurrency/clock.h>

namespace weft::internal {

// When the other side of a WebSocket has been silent for so long that it gets a ping, and then that it is given up.
class PingClock {
 public:
  explicit PingClock(Duration ping_after) : ping_after_(ping_after) {}

  void Heard() {
    heard_at_ = Now();
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

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_PING_CLOCK_H_
