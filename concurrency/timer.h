// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TIMER_H_
#define WEFT_CONCURRENCY_TIMER_H_

#include <cstdint>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/channel/select_core.h>
#include <weft/concurrency/internal/runtime/queue_waiter.h>

// A Timer happens once, a Ticker again and again, until they are stopped. Both are pulled: they are a point in time that somebody waits
// for, so one that nobody waits for costs nothing, and nothing can be left over: after Stop or Reset no wait returns for the old time
// (as Go since 1.23). A time of zero or less has come at once; one beyond the end of the clock, such as Duration::max(), never comes and
// counts as not set. They may be used from any fiber or thread; if several wait, one of them gets each tick.
//
//   weft::Ticker ticker(std::chrono::seconds(10));
//   while (ticker.Wait(ctx).Ok()) Flush();

namespace weft {

namespace internal {

// The point in time under both, and those who wait for it.
class TimePointQueue {
 public:
  TimePointQueue(std::int64_t when_ns, std::int64_t period_ns) noexcept : when_ns_(when_ns), period_ns_(period_ns) {}
  TimePointQueue(const TimePointQueue&) = delete;
  TimePointQueue& operator=(const TimePointQueue&) = delete;

  // Returns whether it was set before. kNever: it does not happen.
  bool Set(std::int64_t when_ns, std::int64_t period_ns) noexcept;
  // The time that had been set, once it has come.
  Result<TimePoint> Wait(const Context& ctx, const char* waits_for);

  // For a Select.
  SmallLock& lock() noexcept WEFT_RETURNS_LOCK(lock_) { return lock_; }
  List<QueueWaiter>& waiters() noexcept WEFT_REQUIRES(lock_) { return waiters_; }
  std::int64_t WhenLocked() const noexcept WEFT_REQUIRES(lock_) { return when_ns_; }
  bool TakeLocked(std::int64_t now_ns) noexcept WEFT_REQUIRES(lock_);

 private:
  SmallLock lock_;
  std::int64_t when_ns_ WEFT_GUARDED_BY(lock_);
  std::int64_t period_ns_ WEFT_GUARDED_BY(lock_);  // 0: once
  std::int64_t taken_ns_ WEFT_GUARDED_BY(lock_) = 0;
  List<QueueWaiter> waiters_ WEFT_GUARDED_BY(lock_);
};

}  // namespace internal

class Timer {
 public:
  Timer() noexcept : queue_(internal::kNever, 0) {}  // not set
  explicit Timer(Duration duration) noexcept : queue_(internal::AddNs(internal::NowNs(), duration.count()), 0) {}

  // Parks until the time has come; that happens once for each time that is set. On a timer that is not set (stopped, or waited for
  // already) it waits for Reset. Returns the context's error if that is done first.
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

  // Parks until the next tick and returns its time. Ticks that nobody waited for are dropped, but for one: whoever comes late gets that at
  // once, and the next one in step with the first. After Stop it waits for Reset. Returns the context's error if that is done first.
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

namespace internal {

// Waits for a Timer or a Ticker; see OnTimer.
class TimePointCase : public SelectCase {
 public:
  explicit TimePointCase(TimePointQueue& queue) noexcept : queue_(queue) {}
  SmallLock* Lock() noexcept override { return &queue_.lock(); }
  bool Begin() noexcept override { return true; }
  bool Try(std::int64_t now_ns) noexcept override WEFT_NO_LOCK_ANALYSIS { return queue_.TakeLocked(now_ns); }  // Select holds the lock
  std::int64_t DueNs() noexcept override { return due_ns_; }
  bool Enter(Parker& parker, std::uint32_t outcome) noexcept override WEFT_NO_LOCK_ANALYSIS;  // likewise
  void Leave() noexcept override { waiter_.Leave(); }
  bool DoneWhenClaimed() noexcept override { return false; }  // it was set anew

 private:
  TimePointQueue& queue_;
  std::int64_t due_ns_ = kNever;
  QueueWaiter waiter_;
};

template <class F>
class TimerCase final : public TimePointCase {
 public:
  TimerCase(TimePointQueue& queue, F f) : TimePointCase(queue), f_(std::move(f)) {}
  Error Finish() override { return CallCase(f_); }

 private:
  F f_;
};

}  // namespace internal

// Cases of a Select: the time of the timer has come; the next tick. The timer must live as long as the Select. f() is optional.
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
