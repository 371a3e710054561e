// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/sync/free_shelves.h>

#include <algorithm>
#include <exception>
#include <mutex>

#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/runtime/loop_core.h>

namespace weft::internal {

FreeItem* FreeShelf::Pop() noexcept {
  FreeItem* item = top_;
  if (item != nullptr) {
    top_ = item->below;
    --size_;
  }
  unused_ = std::min(unused_, size_);
  return item;
}

FreeItem* FreeShelf::Push(FreeItem* item, std::size_t keep, std::int64_t trim_ns, std::int64_t now_ns) noexcept {
  if (looked_ns_ == INT64_MIN) looked_ns_ = now_ns;
  FreeItem* out = nullptr;
  if (now_ns - looked_ns_ >= trim_ns) {
    out = Cut(size_ - unused_);
    unused_ = size_;
    looked_ns_ = now_ns;
  }
  if (size_ >= keep) {
    item->below = out;
    return item;
  }
  item->below = top_;
  top_ = item;
  ++size_;
  return out;
}

// Takes out all but the uppermost `keep`.
FreeItem* FreeShelf::Cut(std::size_t keep) noexcept {
  FreeItem** at = &top_;
  for (size_ = 0; size_ < keep; ++size_) at = &(*at)->below;
  return std::exchange(*at, nullptr);
}

FreeItem* FreeShelf::TakeAll() noexcept {
  unused_ = 0;
  return Cut(0);
}

FreeShelves::FreeShelves(Destroy destroy, std::size_t keep, Duration trim_every)
    : destroy_(destroy), keep_(keep), trim_ns_(trim_every.count()), loops_([destroy] { return OfLoop(destroy); }) {}

FreeShelves::~FreeShelves() {
  FreeItem* chain = nullptr;
  {
    std::lock_guard hold(lock_);
    ending_ = true;
    chain = threads_.TakeAll();
  }
  DestroyAll(destroy_, chain);
}

FreeShelves::OfLoop::~OfLoop() {
  ending = true;
  DestroyAll(destroy, shelf.TakeAll());
}

void FreeShelves::DestroyAll(Destroy destroy, FreeItem* chain) {
  while (chain != nullptr) destroy(std::exchange(chain, chain->below));
}

FreeItem* FreeShelves::Take() {
  if (CurrentLoop() != nullptr) return loops_->shelf.Pop();
  std::lock_guard hold(lock_);
  return threads_.Pop();
}

void FreeShelves::Put(FreeItem* item) noexcept {
  item->below = nullptr;
  FreeItem* out = item;
  if (LoopCore* loop = CurrentLoop()) {
    try {
      OfLoop& mine = *loops_;
      if (!mine.ending) out = mine.shelf.Push(item, keep_, trim_ns_, loop->now_ns());
    } catch (const std::exception&) {
      // No memory for a shelf: nothing is kept.
    }
  } else {
    const std::int64_t now_ns = NowNs();
    std::lock_guard hold(lock_);
    if (!ending_) out = threads_.Push(item, keep_, trim_ns_, now_ns);
  }
  DestroyAll(destroy_, out);
}

void FreeShelves::Trim() noexcept {
  FreeItem* out = nullptr;
  if (CurrentLoop() != nullptr) {
    out = loops_->shelf.TakeAll();
  } else {
    std::lock_guard hold(lock_);
    out = threads_.TakeAll();
  }
  DestroyAll(destroy_, out);
}

std::size_t FreeShelves::Idle() {
  if (CurrentLoop() != nullptr) return loops_->shelf.Size();
  std::lock_guard hold(lock_);
  return threads_.Size();
}

}  // namespace weft::internal
