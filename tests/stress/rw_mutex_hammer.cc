// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include <weft/concurrency/group.h>
#include <weft/concurrency/rw_mutex.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class RWMutexHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope scope = worker.RandomScope();
    const bool yield = worker.random.Coin();
    switch (worker.random.Below(7)) {
      case 0: {
        const std::lock_guard hold(mutex_);
        return Write(yield);
      }
      case 1:
        if (mutex_.Lock(scope.ctx)) return;
        Write(yield);
        return mutex_.unlock();
      case 2: {
        const std::shared_lock hold(mutex_);
        return Read(yield);
      }
      case 3:
        if (!mutex_.try_lock()) return;
        Write(yield);
        return mutex_.unlock();
      case 4: return DieAfterTheLast(worker, scope);
      default: {
        const auto hold = mutex_.RAcquire(scope.ctx);
        if (hold.Ok()) Read(yield);
      }
    }
  }

  void Check() override {
    Expect(mutex_.try_lock(), "rw_mutex: it is free when nobody is left");
    mutex_.unlock();
    Expect(shared_ == writes_.load(), "rw_mutex: no write was lost");
  }

 private:
  void Write(bool yield) {
    Expect(inside_.fetch_add(kWriter, std::memory_order_relaxed) == 0, "rw_mutex: a writer is alone");
    ++shared_;
    if (yield) Yield();
    inside_.fetch_sub(kWriter, std::memory_order_relaxed);
    writes_.fetch_add(1, std::memory_order_relaxed);
  }
  void Read(bool yield) {
    Expect(inside_.fetch_add(1, std::memory_order_relaxed) < kWriter, "rw_mutex: no reader together with a writer");
    const std::int64_t before = shared_;
    if (yield) Yield();
    Expect(shared_ == before, "rw_mutex: nothing changes while a reader is inside");
    inside_.fetch_sub(1, std::memory_order_relaxed);
  }

  static void DieAfterTheLast(Worker& worker, const CancelScope& scope) {
    auto mutex = std::make_unique<RWMutex>();
    mutex->lock_shared();
    Group group(worker.ctx, {.spread = true});
    group.Go([&](const Context& c) {
      if (mutex->Lock(scope.ctx)) Expect(!mutex->Lock(c), "rw_mutex: only its context ends a Lock");
      mutex->unlock();
      mutex.reset();
    });
    if (worker.random.Coin()) Yield();
    mutex->unlock_shared();
    Expect(!group.Wait(), "rw_mutex: nobody fails");
  }

  static constexpr int kWriter = 1000;
  RWMutex mutex_;
  std::int64_t shared_ = 0;  // guarded by mutex_
  std::atomic<int> inside_{0};
  std::atomic<std::int64_t> writes_{0};
};

}  // namespace

std::unique_ptr<Hammer> MakeRWMutexHammer() { return std::make_unique<RWMutexHammer>(); }

}  // namespace weft::stress
