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

// A Timer fires once, a Ticker again and again until it is stopped (Go's time.Timer and Ticker).
// For a plain pause use Sleep (clock.h), and for a limit on a call WithTimeout (context.h).
//
//   weft::Error FlushEveryTenSeconds(const weft::Context& ctx) {
//     weft::Ticker ticker(std::chrono::seconds(10));
//     while (ticker.Wait(ctx).Ok()) Flush();
//     return ctx.Err();
//   }
//
// Either is just a point in time that callers may wait for. If none does, it costs nothing. Nothing
// is ever left over: after Stop or Reset no wait returns for the old time, as in Go since version
// 1.23. A duration of zero or less fires at once. One beyond the end of the clock, such as
// Duration::max(), never fires and counts as not set.
//
// Any fiber or thread may use them. If several wait, one of them gets each tick.

namespace weft {

class Timer {
 public:
  // A timer that is not set.
  Timer() noexcept : queue_(internal::kNever, 0) {}
  // Fires when `duration` has passed.
  explicit Timer(Duration duration) noexcept
      : queue_(internal::AddNs(internal::NowNs(), duration.count()), 0) {}

  // Parks until the timer fires. That happens once for each time that is set: on a timer that was
  // stopped, or has fired already, it waits for a Reset. Returns the context's error if that is
  // done first.
  Error Wait(const Context& ctx) { return queue_.Wait(ctx, "timer").Err(); }
  // Keeps the timer from firing. True: it was set, and no Wait had returned for it yet. Never
  // suspends.
  bool Stop() noexcept { return queue_.Set(internal::kNever, 0); }
  // Sets the timer again, whatever its state. Callers that are waiting now wait for the new time.
  // Returns what Stop would return. Never suspends.
  bool Reset(Duration duration) noexcept {
    return queue_.Set(internal::AddNs(internal::NowNs(), duration.count()), 0);
  }

 private:
  friend struct TimerAccess;
  internal::TimePointQueue queue_;
};

class Ticker {
 public:
  // Ticks first when `period` has passed. A period of zero or less aborts.
  explicit Ticker(Duration period) noexcept
      : queue_(internal::AddNs(internal::NowNs(), Checked(period)), period.count()) {}

  // Parks until the next tick and returns its time. If no caller waits, one tick is kept and
  // further ones are dropped: a late caller gets that one at once, and the next one at its regular
  // time. After Stop it waits for a Reset. Returns the context's error if that is done first.
  Result<TimePoint> Wait(const Context& ctx) { return queue_.Wait(ctx, "ticker"); }
  // Ends the ticks. Never suspends.
  void Stop() noexcept { (void)queue_.Set(internal::kNever, 0); }
  // Starts again from now on, with this period. Never suspends.
  void Reset(Duration period) noexcept {
    (void)queue_.Set(internal::AddNs(internal::NowNs(), Checked(period)), period.count());
  }

 private:
  friend struct TimerAccess;
  static std::int64_t Checked(Duration period) noexcept {
    if (period <= Duration::zero()) {
      internal::AbortMisuse("Ticker", "its period must be longer than zero");
    }
    return period.count();
  }
  internal::TimePointQueue queue_;
};

// For the two functions below.
struct TimerAccess {
  static internal::TimePointQueue& Queue(Timer& timer) { return timer.queue_; }
  static internal::TimePointQueue& Queue(Ticker& ticker) { return ticker.queue_; }
};

// Cases of a Select (select.h): the timer fires; the ticker ticks. Either must live as long as the
// Select. f() is optional.
//
//   weft::Error WorkAndFlush(const weft::Context& ctx, const weft::Chan<Job>& jobs,
//                            weft::Ticker& ticker) {
//     return weft::Select(ctx, weft::OnTick(ticker, [] { Flush(); }),
//                         weft::OnReceive(jobs, [](weft::Result<Job> job) { return Work(job); }))
//         .Err();
//   }
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
