// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RATE_LIMITER_H_
#define WEFT_CONCURRENCY_RATE_LIMITER_H_

#include <cstdint>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft {

// Lets things happen at a bounded rate: a bucket that holds at most `burst` tokens, is full at
// first and gains `rate` tokens per second of weft's clock. For fibers and threads of any loop. Who
// waits is served in the order of arrival, and newcomers cannot overtake; nobody owes tokens, so
// one that gives up takes none and those behind it move up.
//
//   weft::RateLimiter mails(5, 10);                              // 5 per second, 10 at once after a pause
//   if (weft::Error err = mails.Wait(ctx)) return err;
//
// A rate of zero gives nothing more than what is in the bucket; an infinite one never makes anybody
// wait. A negative rate, a burst below one and a request for less than one token abort.
class RateLimiter {
 public:
  RateLimiter(double rate, std::int64_t burst);
  ~RateLimiter() = default;  // nobody may wait any more
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // Parks until there are n tokens and takes them. Errors, all of which take nothing:
  //   the context's      it is done, before or meanwhile
  //   kDeadlineExceeded  at once, when the tokens would come after the context's deadline; the message says when they would
  //   kTooLarge          n is above the burst, so it could never be served; also when SetBurst makes it so meanwhile
  Error Wait(const Context& ctx, std::int64_t n = 1);
  // Never suspends. False: there are not enough tokens now, or somebody waits for them already.
  bool Allow(std::int64_t n = 1);

  // From now on; what was gained so far stays. Those who wait follow the new figures.
  void SetRate(double rate);
  void SetBurst(std::int64_t burst);

 private:
  struct Waiter;
  Error WaitInLine(const Context& ctx, Waiter& waiter);
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
  double asked_ WEFT_GUARDED_BY(lock_) = 0;  // by all who wait; whole numbers can run over
  internal::List<Waiter> waiters_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RATE_LIMITER_H_
