// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CHANNEL_VERSION_QUEUE_H_
#define WEFT_CONCURRENCY_INTERNAL_CHANNEL_VERSION_QUEUE_H_

#include <cstdint>
#include <memory>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/channel/select_core.h>
#include <weft/concurrency/internal/runtime/queue_waiter.h>

namespace weft::internal {

// The version of a Watch, and the waiters for the next one.
class VersionQueue {
 public:
  SmallLock& lock() noexcept WEFT_RETURNS_LOCK(lock_) { return lock_; }
  std::uint64_t VersionLocked() const noexcept WEFT_REQUIRES(lock_) { return version_; }
  bool ClosedLocked() const noexcept WEFT_REQUIRES(lock_) { return closed_; }
  void BumpLocked() noexcept WEFT_REQUIRES(lock_);
  void Close() noexcept;
  // Parks until the version differs from `seen`. kClosed if there will be no other one.
  Error WaitForAnother(const Context& ctx, std::uint64_t seen);
  List<QueueWaiter>& waiters() noexcept WEFT_REQUIRES(lock_) { return waiters_; }

 private:
  void WakeAllLocked() noexcept WEFT_REQUIRES(lock_);

  SmallLock lock_;
  std::uint64_t version_ WEFT_GUARDED_BY(lock_) = 1;
  bool closed_ WEFT_GUARDED_BY(lock_) = false;
  List<QueueWaiter> waiters_ WEFT_GUARDED_BY(lock_);
};

template <class T>
struct WatchState {
  explicit WatchState(T initial) : value(std::make_shared<const T>(std::move(initial))) {}
  VersionQueue queue;
  std::shared_ptr<const T> value WEFT_GUARDED_BY(queue.lock());
};

// Waits for another version; see OnChange.
class VersionCase : public SelectCase {
 public:
  VersionCase(VersionQueue& queue, const std::uint64_t& seen) noexcept : queue_(queue), seen_(seen) {}
  SmallLock* Lock() noexcept override { return &queue_.lock(); }
  // Select holds the lock.
  bool Try(std::int64_t) noexcept override WEFT_NO_LOCK_ANALYSIS { return queue_.VersionLocked() != seen_ || queue_.ClosedLocked(); }
  bool Enter(Parker& parker, std::uint32_t outcome) noexcept override WEFT_NO_LOCK_ANALYSIS;
  void Leave() noexcept override { waiter_.Leave(); }

 private:
  VersionQueue& queue_;
  const std::uint64_t& seen_;
  QueueWaiter waiter_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CHANNEL_VERSION_QUEUE_H_
