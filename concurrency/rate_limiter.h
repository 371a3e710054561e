// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RATE_LIMITER_H_
#define WEFT_CONCURRENCY_RATE_LIMITER_H_

#include <cstdint>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft {

// Limits how often something happens, by a token bucket (Go's x/time/rate). The bucket holds at
// most `burst` tokens, is full at first, and gains `rate` tokens per second of weft's clock. To
// limit how much happens at once, use a Semaphore.
//
//   weft::RateLimiter mails(5, 10);             // 5 per second, and 10 at once after a pause
//
//   weft::Error Send(const weft::Context& ctx, const Mail& mail) {
//     if (weft::Error err = mails.Wait(ctx)) return err;
//     return Deliver(ctx, mail);
//   }
//
// Fibers and threads of any loop may use it. Waiters are served in the order in which they came,
// and newcomers cannot overtake them. No call borrows tokens from the future, so a waiter that
// gives up takes none, and those after it move up.
//
// With a rate of zero there are only the tokens that are in the bucket. With an infinite one no
// caller ever waits. A negative rate, a burst below one, and a request for less than one token
// abort.
class RateLimiter {
 public:
  RateLimiter(double rate, std::int64_t burst);
  ~RateLimiter() = default;  // there must be no waiters
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // Parks until there are n tokens, and takes them. Errors, after which nothing was taken:
  //   the context's      it is done, already or while waiting
  //   kDeadlineExceeded  at once, if the tokens would come after the context's deadline; the
  //                      message says when they would come
  //   kTooLarge          n is larger than the burst, so it could never be served; also while it
  //                      waits, if SetBurst makes the burst too small
  Error Wait(const Context& ctx, std::int64_t n = 1);
  // False: there are not enough tokens now, or there are waiters already. Never suspends.
  bool Allow(std::int64_t n = 1);

  // Change the figures from now on, also for callers that are waiting. Tokens gained so far remain.
  // Never suspend.
  void SetRate(double rate);
  void SetBurst(std::int64_t burst);

 private:
  struct Waiter;
  Error WaitInLine(const Context& ctx, Waiter& waiter);
  bool TakeInLine(const Context& ctx, const Waiter& waiter, std::int64_t& until_ns, Error& failed)
      WEFT_REQUIRES(lock_);
  Error LateFor(const Context& ctx, std::int64_t now_ns, std::int64_t ready_ns) const;
  Error TooMany(std::int64_t n) const WEFT_REQUIRES(lock_);
  void Refill(std::int64_t now_ns) noexcept WEFT_REQUIRES(lock_);
  bool Take(std::int64_t n) noexcept WEFT_REQUIRES(lock_);
  std::int64_t ReadyNs(std::int64_t now_ns, double tokens) const noexcept WEFT_REQUIRES(lock_);
  void Nudge(Waiter* waiter) noexcept WEFT_REQUIRES(lock_);

  mutable internal::SmallLock lock_;
  double rate_ WEFT_GUARDED_BY(lock_);
  std::int64_t burst_ WEFT_GUARDED_BY(lock_);
  double tokens_ WEFT_GUARDED_BY(lock_);
  std::int64_t refilled_ns_ WEFT_GUARDED_BY(lock_);
  // What all waiters together ask for. A real number, because a whole one could overflow.
  double asked_ WEFT_GUARDED_BY(lock_) = 0;
  internal::List<Waiter> waiters_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RATE_LIMITER_H_
