// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TIMER_H_
#define WEFT_CONCURRENCY_TIMER_H_

#include <cstdint>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/channel/time_point_queue.h>

// A Timer happens once, a Ticker again and again, until they are stopped. Both are pulled: they are
// a point in time that somebody waits for, so one that nobody waits for costs nothing, and nothing
// can be left over: after Stop or Reset no wait returns for the old time (as Go since 1.23). A time
// of zero or less has come at once; one beyond the end of the clock, such as Duration::max(), never
// comes and counts as not set. They may be used from any fiber or thread; if several wait, one of
// them gets each tick.
//
//   weft::Ticker ticker(std::chrono::seconds(10));
//   while (ticker.Wait(ctx).Ok()) Flush();

namespace weft {

class Timer {
 public:
  Timer() noexcept : queue_(internal::kNever, 0) {}  // not set
  explicit Timer(Duration duration) noexcept : queue_(internal::AddNs(internal::NowNs(), duration.count()), 0) {}

  // Parks until the time has come; that happens once for each time that is set. On a timer that is
  // not set (stopped, or waited for already) it waits for Reset. Returns the context's error if
  // that is done first.
  Error Wait(const Context& ctx) { return queue_.Wait(ctx, "timer").Err(); }
  // It will not happen. True: it was set, and nobody had got it.
  bool Stop() noexcept { return queue_.Set(internal::kNever, 0); }
  // Sets it anew, whatever it was; those who wait wait for the new time. Returns what Stop would.
  bool Reset(Duration duration) noexcept { return queue_.Set(internal::AddNs(internal::NowNs(), duration.count()), 0); }

 private:
  friend struct TimerAccess;
  internal::TimePointQueue queue_;
};

class Ticker {
 public:
  // A period of zero or less aborts.
  explicit Ticker(Duration period) noexcept : queue_(internal::AddNs(internal::NowNs(), Checked(period)), period.count()) {}

  // Parks until the next tick and returns its time. Ticks that nobody waited for are dropped, but
  // for one: whoever comes late gets that at once, and the next one in step with the first. After
  // Stop it waits for Reset. Returns the context's error if that is done first.
  Result<TimePoint> Wait(const Context& ctx) { return queue_.Wait(ctx, "ticker"); }
  void Stop() noexcept { (void)queue_.Set(internal::kNever, 0); }
  // From now on with this period.
  void Reset(Duration period) noexcept { (void)queue_.Set(internal::AddNs(internal::NowNs(), Checked(period)), period.count()); }

 private:
  friend struct TimerAccess;
  static std::int64_t Checked(Duration period) noexcept {
    if (period <= Duration::zero()) internal::AbortMisuse("Ticker", "its period must be longer than zero");
    return period.count();
  }
  internal::TimePointQueue queue_;
};

struct TimerAccess {
  static internal::TimePointQueue& Queue(Timer& timer) { return timer.queue_; }
  static internal::TimePointQueue& Queue(Ticker& ticker) { return ticker.queue_; }
};

// Cases of a Select: the time of the timer has come; the next tick. The timer must live as long as
// the Select. f() is optional.
template <class F = internal::DoNothing>
auto OnTimer(Timer& timer, F f = {}) {
  return internal::TimerCase<F>(TimerAccess::Queue(timer), std::move(f));
}
template <class F = internal::DoNothing>
auto OnTick(Ticker& ticker, F f = {}) {
  return internal::TimerCase<F>(TimerAccess::Queue(ticker), std::move(f));
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_TIMER_H_
