// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_POOL_SHELVES_H_
#define WEFT_CONCURRENCY_INTERNAL_POOL_SHELVES_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include <weft/concurrency/internal/small_lock.h>
#include <weft/concurrency/per_loop.h>
#include <weft/concurrency/clock.h>

namespace weft::internal {

// What a Pool's object lies in. Idle ones are linked, so to keep one takes no memory and cannot fail.
struct PoolItem {
  PoolItem* below = nullptr;
};

// The idle objects of one place, the warmest on top. It destroys none: what has to go is handed out, as a chain.
class PoolShelf {
 public:
  PoolItem* Pop() noexcept;
  // Adds `item`, unless `keep` lie here, and takes out what lay unused since a look at least `trim_ns` ago.
  PoolItem* Push(PoolItem* item, std::size_t keep, std::int64_t trim_ns, std::int64_t now_ns) noexcept;
  PoolItem* TakeAll() noexcept;
  std::size_t Size() const noexcept { return size_; }

 private:
  PoolItem* Cut(std::size_t keep) noexcept;

  PoolItem* top_ = nullptr;
  std::size_t size_ = 0;
  std::size_t unused_ = 0;  // the fewest that lay here since the last look: as many at the bottom were not touched
  std::int64_t looked_ns_ = INT64_MIN;
};

// What of a Pool does not depend on T: a shelf for each loop, and one for all plain threads.
class PoolShelves {
 public:
  using Destroy = void (*)(PoolItem* item);
  PoolShelves(Destroy destroy, std::size_t keep, Duration trim_every);
  ~PoolShelves();  // may park
  PoolShelves(const PoolShelves&) = delete;
  PoolShelves& operator=(const PoolShelves&) = delete;

  PoolItem* Take();  // null: nothing is here
  void Put(PoolItem* item) noexcept;
  void Trim() noexcept;
  std::size_t Idle();

 private:
  // At its end it destroys what it keeps. What comes back meanwhile, from a destructor, is not kept any more.
  struct OfLoop {
    explicit OfLoop(Destroy d) : destroy(d) {}
    OfLoop(const OfLoop&) = delete;
    ~OfLoop();
    PoolShelf shelf;
    const Destroy destroy;
    bool ending = false;
  };
  static void DestroyAll(Destroy destroy, PoolItem* chain);

  const Destroy destroy_;
  const std::size_t keep_;
  const std::int64_t trim_ns_;
  SmallLock lock_;  // guards threads_
  PoolShelf threads_;
  bool ending_ = false;
  PerLoop<OfLoop> loops_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_POOL_SHELVES_H_
