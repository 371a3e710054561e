// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SYNC_WAIT_QUEUE_H_
#define WEFT_CONCURRENCY_INTERNAL_SYNC_WAIT_QUEUE_H_

#include <cstdint>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/sync/wakes.h>

namespace weft::internal {

// A count and its waiters, which wait until it is zero: the state of Event (a count that starts at one) and WaitGroup.
class WaitQueue {
 public:
  explicit WaitQueue(std::int64_t start) : count_(start) {}

  std::int64_t Add(std::int64_t n);  // returns the new count
  void SetToZero();
  bool Zero() const;
  Error Wait(const Context& ctx, const char* waits_for);

 private:
  mutable SmallLock lock_;
  std::int64_t count_ WEFT_GUARDED_BY(lock_);
  List<Parker> waiters_ WEFT_GUARDED_BY(lock_);
  Wakes leaving_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_SYNC_WAIT_QUEUE_H_
