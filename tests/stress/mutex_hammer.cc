// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <mutex>

#include <weft/concurrency/group.h>
#include <weft/concurrency/mutex.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class MutexHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    switch (worker.random.Below(4)) {
      case 0: return Section(scope.ctx, worker.random.Coin());
      case 1: return CancelFromElsewhere(worker, scope);
      case 2: {
        const std::lock_guard hold(mutex_);
        return Inside(false);
      }
      default: {
        const Result<std::unique_lock<Mutex>> hold = mutex_.Acquire(scope.ctx);
        if (hold.Ok()) Inside(worker.random.Coin());
      }
    }
  }

  void Check() override {
    Expect(mutex_.try_lock(), "mutex: it is free when nobody is left");
    mutex_.unlock();
    Expect(shared_ == sections_.load(), "mutex: no section was lost");
  }

 private:
  void Section(const Context& ctx, bool yield) {
    if (mutex_.Lock(ctx)) return;
    Inside(yield);
    mutex_.unlock();
  }

  void Inside(bool yield) {
    Expect(inside_.fetch_add(1, std::memory_order_relaxed) == 0, "mutex: one at a time");
    ++shared_;
    if (yield) Yield();
    inside_.fetch_sub(1, std::memory_order_relaxed);
    sections_.fetch_add(1, std::memory_order_relaxed);
  }

  void CancelFromElsewhere(Worker& worker, const CancelScope& scope) {
    Group group(worker.ctx, {.spread = true});
    const bool yield = worker.random.Coin();
    group.Go([&, yield](const Context&) {
      if (yield) Yield();
      scope.cancel();
    });
    Section(scope.ctx, false);
    Expect(!group.Wait(), "mutex: the canceling member does not fail");
  }

  Mutex mutex_;
  std::int64_t shared_ = 0;  // guarded by mutex_
  std::atomic<int> inside_{0};
  std::atomic<std::int64_t> sections_{0};
};

}  // namespace

std::unique_ptr<Hammer> MakeMutexHammer() { return std::make_unique<MutexHammer>(); }

}  // namespace weft::stress
