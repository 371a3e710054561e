// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CHANNEL_TIME_POINT_QUEUE_H_
#define WEFT_CONCURRENCY_INTERNAL_CHANNEL_TIME_POINT_QUEUE_H_

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

namespace weft::internal {

// The point in time under both, and its waiters.
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

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CHANNEL_TIME_POINT_QUEUE_H_
