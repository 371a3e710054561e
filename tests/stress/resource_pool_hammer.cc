// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <optional>
#include <utility>

#include <weft/concurrency/group.h>
#include <weft/concurrency/resource_pool.h>

#include "hammer.h"

namespace weft::stress {
namespace {

class ResourcePoolHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    const CancelScope soon = WithTimeout(worker.ctx, std::chrono::microseconds(worker.random.Below(200)));
    Result<Pool::Lease> mine = pool_->Acquire(worker.random.Below(2) == 0 ? soon.ctx : worker.ctx);
    if (Error err = mine.Err()) {
      Expect(err.Is(kDeadlineExceeded) || err.Is(kCanceled) || err.Is(kRefused), ("pool: nobody else's error: " + err.Message()).c_str());
      return;
    }
    Expect(!(*mine)->used.exchange(true, std::memory_order_relaxed), "pool: an object is with one user");
    ++(*mine)->users;
    if (worker.random.Below(2) == 0) Yield();
    (*mine)->used.store(false, std::memory_order_relaxed);
    if (worker.random.Below(16) == 0) return mine->Discard();
    if (worker.random.Below(64) == 0) pool_->Trim();
  }

  void Check() override {
    const PoolStats stats = pool_->Stats();
    Expect(stats.waiting == 0 && stats.in_use == 0 && stats.idle == stats.open, "pool: nobody is left");
    Expect(static_cast<std::int64_t>(stats.open) == alive_.load(), "pool: it knows what it has");
    pool_.reset();
    Expect(alive_.load() == 0, "pool: nothing is left when it ends");
  }

 private:
  struct Object {
    explicit Object(std::atomic<std::int64_t>& n) : alive(&n) { Expect(++*alive <= kMax, "pool: no more than its bound"); }
    Object(Object&& other) noexcept : alive(std::exchange(other.alive, nullptr)) {}
    ~Object() {
      if (alive != nullptr) --*alive;
    }
    std::atomic<std::int64_t>* alive;
    std::atomic<bool> used{false};
    std::uint64_t users = 0;  // torn, or a race, if two have it
  };
  using Pool = ResourcePool<Object>;
  static constexpr std::int64_t kMax = 3;

  ResourcePoolOptions<Object> Options() {
    ResourcePoolOptions<Object> options;
    options.max = kMax;
    options.make = [this](const Context&) -> Result<Object> {
      if (made_.fetch_add(1, std::memory_order_relaxed) % 8 == 7) return kRefused;
      Yield();
      return Object(alive_);
    };
    options.check = [this](Object&) { return checked_.fetch_add(1, std::memory_order_relaxed) % 32 != 0; };
    options.idle_timeout = std::chrono::microseconds(50);
    return options;
  }

  std::atomic<std::int64_t> alive_{0};
  std::atomic<std::uint64_t> made_{0}, checked_{0};
  std::optional<Pool> pool_{std::in_place, Options()};
};

}  // namespace

std::unique_ptr<Hammer> MakeResourcePoolHammer() { return std::make_unique<ResourcePoolHammer>(); }

}  // namespace weft::stress
