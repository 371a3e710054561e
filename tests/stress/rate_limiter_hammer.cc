// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>

#include <weft/concurrency/rate_limiter.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class RateLimiterHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = WithTimeout(worker.ctx, worker.random.Short());
    const std::int64_t n = 1 + worker.random.Below(4);
    switch (worker.random.Below(4)) {
      case 0:
        if (limiter_.Allow(n)) given_.fetch_add(n, std::memory_order_relaxed);
        return;
      case 1:
        Expect(!limiter_.Wait(worker.ctx, n), "rate_limiter: whoever stays is served");
        given_.fetch_add(n, std::memory_order_relaxed);
        return;
      case 2: return limiter_.SetRate(kRate - 1000.0 * worker.random.Below(4));
      default:
        if (!limiter_.Wait(scope.ctx, n)) given_.fetch_add(n, std::memory_order_relaxed);
    }
  }

  void Check() override {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    Expect(static_cast<double>(given_.load()) <= kBurst + kRate * passed.count(), "rate_limiter: no more than burst and rate allow");
  }

 private:
  static constexpr double kRate = 100'000;
  static constexpr std::int64_t kBurst = 8;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  RateLimiter limiter_{kRate, kBurst};
  std::atomic<std::int64_t> given_{0};
};

}  // namespace

std::unique_ptr<Hammer> MakeRateLimiterHammer() { return std::make_unique<RateLimiterHammer>(); }

}  // namespace weft::stress
