// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SYNC_FREE_SHELVES_H_
#define WEFT_CONCURRENCY_INTERNAL_SYNC_FREE_SHELVES_H_

#include <cstddef>
#include <cstdint>
#include <utility>

#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/per_loop.h>
#include <weft/concurrency/clock.h>

namespace weft::internal {

// What contains an object of a FreeList. Idle ones are linked, so keeping one takes no memory and cannot fail.
struct FreeItem {
  FreeItem* below = nullptr;
};

// The idle objects of one place, the warmest on top. It destroys none: those that must go are handed out, as a chain.
class FreeShelf {
 public:
  FreeItem* Pop() noexcept;
  // Adds `item`, unless there are `keep` already, and takes out what has been unused since a check at least `trim_ns` ago.
  FreeItem* Push(FreeItem* item, std::size_t keep, std::int64_t trim_ns, std::int64_t now_ns) noexcept;
  FreeItem* TakeAll() noexcept;
  std::size_t Size() const noexcept { return size_; }

 private:
  FreeItem* Cut(std::size_t keep) noexcept;

  FreeItem* top_ = nullptr;
  std::size_t size_ = 0;
  std::size_t unused_ = 0;  // the fewest that were here since the last check: as many at the bottom were not used
  std::int64_t looked_ns_ = INT64_MIN;
};

// The part of a FreeList that does not depend on T: a shelf for each loop, and one for all plain threads.
class FreeShelves {
 public:
  using Destroy = void (*)(FreeItem* item);
  FreeShelves(Destroy destroy, std::size_t keep, Duration trim_every);
  ~FreeShelves();  // may park
  FreeShelves(const FreeShelves&) = delete;
  FreeShelves& operator=(const FreeShelves&) = delete;

  FreeItem* Take();  // null: nothing is here
  void Put(FreeItem* item) noexcept;
  void Trim() noexcept;
  std::size_t Idle();

 private:
  // At its end it destroys what it keeps. What is returned meanwhile, by a destructor, is no longer kept.
  struct OfLoop {
    explicit OfLoop(Destroy d) : destroy(d) {}
    OfLoop(const OfLoop&) = delete;
    ~OfLoop();
    FreeShelf shelf;
    const Destroy destroy;
    bool ending = false;
  };
  static void DestroyAll(Destroy destroy, FreeItem* chain);

  const Destroy destroy_;
  const std::size_t keep_;
  const std::int64_t trim_ns_;
  SmallLock lock_;
  FreeShelf threads_ WEFT_GUARDED_BY(lock_);
  bool ending_ WEFT_GUARDED_BY(lock_) = false;
  // Unguarded: each loop has its own. Last, because what its objects destroy may be returned here.
  PerLoop<OfLoop> loops_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_SYNC_FREE_SHELVES_H_
