// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <weft/concurrency/run.h>
#include <weft/concurrency/semaphore.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class SemaphoreHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = WithTimeout(worker.ctx, worker.random.Short());
    const std::int64_t n = 1 + worker.random.Below(kMost);
    const bool yield = worker.random.Coin();
    switch (worker.random.Below(6)) {
      case 0:
        if (!semaphore_.Acquire(scope.ctx, n)) Use(n, yield);
        return;
      case 1: {
        const std::int64_t small = 1 + n % kLeast;
        Expect(!semaphore_.Acquire(worker.ctx, small), "semaphore: what fits any size is served");
        return Use(small, yield);
      }
      case 2:
        if (semaphore_.TryAcquire(n)) Use(n, yield);
        return;
      case 3: return semaphore_.Resize(kLeast + worker.random.Below(kMost - kLeast + 1));
      default: {
        Result<Permit> permit = semaphore_.Hold(scope.ctx, n);
        if (!permit.Ok()) return;
        Inside(n, yield);
        if (yield) permit->Release();
      }
    }
  }

  void Check() override {
    semaphore_.Resize(kMost);
    Expect(semaphore_.Acquired() == 0 && semaphore_.TryAcquire(kMost), "semaphore: no token is lost, and nobody is left in the queue");
    semaphore_.Release(kMost);
  }

 private:
  static constexpr std::int64_t kLeast = 3, kMost = 6;

  void Inside(std::int64_t n, bool yield) {
    Expect(out_.fetch_add(n, std::memory_order_relaxed) + n <= kMost, "semaphore: no more tokens than it ever had");
    if (yield) Yield();
    out_.fetch_sub(n, std::memory_order_relaxed);
  }
  void Use(std::int64_t n, bool yield) {
    Inside(n, yield);
    semaphore_.Release(n);
  }

  Semaphore semaphore_{kMost};
  std::atomic<std::int64_t> out_{0};
};

}  // namespace

std::unique_ptr<Hammer> MakeSemaphoreHammer() { return std::make_unique<SemaphoreHammer>(); }

}  // namespace weft::stress
