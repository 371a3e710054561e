// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/rate_limiter.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <utility>

#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft {

using internal::AbortMisuse;
using internal::kNever;
using internal::NowNs;
using internal::Parker;

// One call of Wait, on its stack. The first in line parks until its time; the others until they are the first.
struct RateLimiter::Waiter : internal::Link<> {
  explicit Waiter(std::int64_t tokens) : n(tokens) {}
  const std::int64_t n;
  Parker* parker = nullptr;  // while it is parked
};

namespace {

constexpr double kNsPerSecond = 1e9;
constexpr double kRounding = 1e-6;  // of a token: time comes in full nanoseconds

double CheckedRate(const char* function, double rate) {
  if (!(rate >= 0)) AbortMisuse(function, "the rate must not be negative");
  return rate;
}

std::int64_t CheckedBurst(const char* function, std::int64_t burst) {
  if (burst < 1) AbortMisuse(function, "the burst must be at least 1");
  return burst;
}

void CheckRequested(const char* function, std::int64_t n) {
  if (n < 1) AbortMisuse(function, "the number of tokens must be at least 1");
}

std::string Seconds(std::int64_t ns) {
  char text[48];
  std::snprintf(text, sizeof(text), "%.3g s", static_cast<double>(ns) / kNsPerSecond);
  return text;
}

}  // namespace

RateLimiter::RateLimiter(double rate, std::int64_t burst)
    : rate_(CheckedRate("RateLimiter", rate)),
      burst_(CheckedBurst("RateLimiter", burst)),
      tokens_(static_cast<double>(burst)),
      refilled_ns_(NowNs()) {}

void RateLimiter::Refill(std::int64_t now_ns) noexcept {
  if (now_ns > refilled_ns_) {
    if (!std::isinf(rate_)) tokens_ += static_cast<double>(now_ns - refilled_ns_) * rate_ / kNsPerSecond;
    refilled_ns_ = now_ns;
  }
  if (std::isinf(rate_)) tokens_ = static_cast<double>(burst_);
  tokens_ = std::min(tokens_, static_cast<double>(burst_));
}

bool RateLimiter::Take(std::int64_t n) noexcept {
  if (tokens_ + kRounding < static_cast<double>(n)) return false;
  tokens_ = std::max(0.0, tokens_ - static_cast<double>(n));
  return true;
}

// When the bucket will have given `tokens` in all.
std::int64_t RateLimiter::ReadyNs(std::int64_t now_ns, double tokens) const noexcept {
  const double missing = tokens - tokens_;
  if (missing <= 0 || std::isinf(rate_)) return now_ns;
  const double ns = std::ceil(missing / rate_ * kNsPerSecond);
  if (!(ns < 9e18)) return kNever;
  return internal::AddNs(now_ns, std::max<std::int64_t>(1, static_cast<std::int64_t>(ns)));
}

Error RateLimiter::TooMany(std::int64_t n) const {
  return ErrorAccess::Coded(
      Errc::kTooLarge, Error::New("rate limiter: " + std::to_string(n) + " tokens at once, but a burst is at most " + std::to_string(burst_)));
}

Error RateLimiter::LateFor(const Context& ctx, std::int64_t now_ns, std::int64_t ready_ns) const {
  const std::int64_t deadline = ContextAccess::DeadlineNs(ctx);
  if (deadline == kNever || ready_ns < deadline) return {};
  const std::string when = ready_ns == kNever ? "would never be available" : "would be available in " + Seconds(ready_ns - now_ns);
  return ErrorAccess::Coded(Errc::kDeadlineExceeded,
                            Error::New("rate limiter: the tokens " + when + ", the deadline is in " + Seconds(deadline - now_ns)));
}

bool RateLimiter::Allow(std::int64_t n) {
  CheckRequested("RateLimiter::Allow", n);
  std::lock_guard hold(lock_);
  Refill(NowNs());
  return waiters_.Empty() && Take(n);
}

Error RateLimiter::Wait(const Context& ctx, std::int64_t n) {
  CheckRequested("RateLimiter::Wait", n);
  internal::ExplorePoint();
  if (Error err = ctx.Err()) return err;
  Waiter waiter(n);
  {
    std::lock_guard hold(lock_);
    const std::int64_t now = NowNs();
    Refill(now);
    if (n > burst_) return TooMany(n);
    if (waiters_.Empty() && Take(n)) return {};
    if (Error late = LateFor(ctx, now, ReadyNs(now, asked_ + static_cast<double>(n)))) return late;
    waiters_.PushBack(waiter);
    asked_ += static_cast<double>(n);
  }
  Error err = WaitInLine(ctx, waiter);
  std::lock_guard hold(lock_);
  const bool was_first = waiters_.Front() == &waiter;
  waiter.Unlink();
  asked_ = waiters_.Empty() ? 0 : std::max(0.0, asked_ - static_cast<double>(n));  // large ones leave a rest
  if (was_first) Nudge(waiters_.Front());
  return err;
}

// True: the wait is over, successfully or not. Otherwise `until_ns` is when to check again.
[[gnu::always_inline]] inline bool RateLimiter::TakeInLine(const Context& ctx, const Waiter& waiter, std::int64_t& until_ns, Error& failed) {
  const std::int64_t now = NowNs();
  Refill(now);
  if (waiter.n > burst_) {
    failed = TooMany(waiter.n);
    return true;
  }
  if (waiters_.Front() != &waiter) return false;
  if (Take(waiter.n)) return true;
  until_ns = ReadyNs(now, static_cast<double>(waiter.n));
  Error late = LateFor(ctx, now, until_ns);
  if (!late) return false;
  failed = std::move(late);
  return true;
}

Error RateLimiter::WaitInLine(const Context& ctx, Waiter& waiter) {
  for (;;) {
    Parker parker("rate limiter");
    std::int64_t until = kNever;
    Error failed;
    const auto enter = [&]() WEFT_REQUIRES(lock_) {
      if (!TakeInLine(ctx, waiter, until, failed)) waiter.parker = &parker;
      return waiter.parker != nullptr;
    };
    const auto leave = [&](std::uint32_t) WEFT_REQUIRES(lock_) { waiter.parker = nullptr; };
    const std::uint32_t outcome = internal::WaitAs(parker, lock_, ctx, enter, leave, until);
    if (outcome == internal::kDidNotWait) return failed;
    if (outcome == Parker::kContextDone) return ctx.Err();
  }
}

// With the lock: makes it check again.
void RateLimiter::Nudge(Waiter* waiter) noexcept {
  if (waiter != nullptr && waiter->parker != nullptr) waiter->parker->Wake();
}

void RateLimiter::SetRate(double rate) {
  std::lock_guard hold(lock_);
  Refill(NowNs());
  rate_ = CheckedRate("RateLimiter::SetRate", rate);
  Nudge(waiters_.Front());
}

void RateLimiter::SetBurst(std::int64_t burst) {
  std::lock_guard hold(lock_);
  Refill(NowNs());
  burst_ = CheckedBurst("RateLimiter::SetBurst", burst);
  Refill(refilled_ns_);
  for (Waiter* waiter = waiters_.Front(); waiter != nullptr; waiter = waiters_.Next(*waiter)) Nudge(waiter);
}

}  // namespace weft
