// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_FIBER_ROLL_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_FIBER_ROLL_H_

#include <memory>
#include <mutex>
#include <utility>

#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft::internal {

class FiberCore;
struct RollTag;

// A fiber in the roll of its loop; or, with null, the place of a reader.
struct RollEntry : Link<RollTag> {
  explicit RollEntry(FiberCore* f) : fiber(f) {}
  FiberCore* const fiber;
};

// All fibers that a loop has made and not destroyed yet, for code that looks at them from other threads. Only the loop adds and
// removes; a fiber is destroyed after it was removed, so what is seen under the lock exists. The lock is held for a few fibers
// at a time, because the loop needs it for each new stack.
class FiberRoll {
 public:
  class Reader;

  void Add(RollEntry& entry) noexcept {
    std::lock_guard hold(lock_);
    entries_.PushBack(entry);
  }
  void Remove(RollEntry& entry) noexcept {
    std::lock_guard hold(lock_);
    entry.Unlink();
  }
  // What `look` sees is not destroyed meanwhile.
  template <class F>
  void Locked(F look) {
    std::lock_guard hold(lock_);
    look();
  }

 private:
  SmallLock lock_;
  List<RollEntry, RollTag> entries_ WEFT_GUARDED_BY(lock_);
};

// Traverses a roll in pieces, in the order in which the fibers were made. Fibers may be added and removed between pieces; each one that stays
// is seen once. Each piece may be taken by another thread.
class FiberRoll::Reader {
 public:
  explicit Reader(std::shared_ptr<FiberRoll> roll) : roll_(std::move(roll)) {
    std::lock_guard hold(roll_->lock_);
    roll_->entries_.PushFront(place_);
  }
  ~Reader() {
    std::lock_guard hold(roll_->lock_);
    place_.Unlink();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Calls see(FiberCore&) for up to `most` more, under the lock, until it returns false. Returns whether there may be more.
  template <class F>
  bool Read(int most, F see) {
    std::lock_guard hold(roll_->lock_);
    RollEntry* at = roll_->entries_.Next(place_);
    bool go_on = true;
    for (; at != nullptr && most > 0 && go_on; at = roll_->entries_.Next(*at)) {
      if (at->fiber == nullptr) continue;
      --most;
      go_on = see(*at->fiber);
    }
    place_.Unlink();
    if (at == nullptr) {
      roll_->entries_.PushBack(place_);
    } else {
      roll_->entries_.InsertBefore(*at, place_);
    }
    return at != nullptr;
  }

  // The one that was seen last, or if it is gone the one before. On the loop's thread, where it stays.
  FiberCore* Last() noexcept {
    std::lock_guard hold(roll_->lock_);
    RollEntry* at = roll_->entries_.Previous(place_);
    while (at != nullptr && at->fiber == nullptr) at = roll_->entries_.Previous(*at);
    return at != nullptr ? at->fiber : nullptr;
  }

  const FiberRoll* Roll() const noexcept { return roll_.get(); }

 private:
  const std::shared_ptr<FiberRoll> roll_;
  RollEntry place_{nullptr};
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_FIBER_ROLL_H_
