// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SYNC_POOL_CORE_H_
#define WEFT_CONCURRENCY_INTERNAL_SYNC_POOL_CORE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/pool_stats.h>
#include <weft/concurrency/result.h>

namespace weft::internal {

struct PoolOrder;   // by age
struct PoolBucket;  // those of one loop

// What contains a pooled object. It is in the list of those in use or of those that are idle, so returning it takes no memory.
struct PooledItem : Link<PoolOrder>, Link<PoolBucket> {
  std::int64_t made_ns = 0;
  std::int64_t since_ns = 0;  // in use or idle
  std::uint32_t bucket = 0;   // of the loop that has used it last
  std::array<char, 48> holder{};
};
using PooledItems = List<PooledItem, PoolOrder>;

struct PoolLimits {
  const char* name;
  std::size_t max, waiting_max;
  std::int64_t idle_ns, lifetime_ns, acquire_ns;
};

// The part of a ResourcePool that does not depend on T: which caller gets the next one. It makes none. A room is the right to
// have one object more; there are as many as `max`. The room of an object that is being made or destroyed is taken.
//
// While a caller waits, nothing is idle and no room is free: what is returned goes to a waiter under the lock. A waiter on the
// loop that returns something goes first, unless the oldest one has been overtaken kOvertakenMax times. It is enough to
// count the overtakings since the oldest came: those that came later have been overtaken by no more.
class PoolCore {
 public:
  using Destroy = void (*)(PooledItem* item) noexcept;
  PoolCore(const PoolLimits& limits, Destroy destroy);
  ~PoolCore();  // aborts unless everything is idle
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;

  // An object that was idle, or null: a room, which is filled or abandoned.
  Result<PooledItem*> Acquire(const Context& ctx);
  void Fill(PooledItem& item) noexcept;
  void Abandon() noexcept;
  // Destroys what Acquire has returned, and returns another one, or null: the room.
  PooledItem* Replace(PooledItem& broken) noexcept;
  void Return(PooledItem& item) noexcept;
  void Discard(PooledItem& item) noexcept;
  // Destroys what is idle and too old.
  void Trim() noexcept;

  PoolStats Stats() const noexcept;

 private:
  struct Waiter;
  static constexpr std::uint64_t kOvertakenMax = 8;
  static constexpr std::size_t kBuckets = 64;  // loops that differ by a multiple of it share one

  Error Refusal(const Context& ctx, bool waited);
  std::string DescribeHolders();
  // One that is not too old; what is goes to `expired`.
  PooledItem* TakeIdleFor(std::uint32_t bucket, std::int64_t now, PooledItems& expired) noexcept WEFT_REQUIRES(lock_);
  void Lend(PooledItem& item, std::uint32_t bucket, const char* holder, std::int64_t now) noexcept WEFT_REQUIRES(lock_);
  void Keep(PooledItem& item, std::int64_t now) noexcept WEFT_REQUIRES(lock_);
  bool HandOver(PooledItem* item, std::int64_t now) noexcept WEFT_REQUIRES(lock_);
  Waiter* Next(std::uint32_t bucket) noexcept WEFT_REQUIRES(lock_);
  void Enter(Waiter& waiter) noexcept WEFT_REQUIRES(lock_);
  void Leave(Waiter& waiter) noexcept WEFT_REQUIRES(lock_);
  void TakeOut(PooledItem& idle) noexcept WEFT_REQUIRES(lock_);
  void TakeExpired(PooledItems& expired, std::int64_t now) noexcept WEFT_REQUIRES(lock_);
  void Unlend(PooledItem& item) noexcept;
  void DestroyAll(PooledItems& items) noexcept;
  void FreeRoom() noexcept WEFT_REQUIRES(lock_);

  const PoolLimits limits_;
  const Destroy destroy_;
  mutable SmallLock lock_;
  PooledItems in_use_ WEFT_GUARDED_BY(lock_);  // the one that was lent first in front
  PooledItems idle_ WEFT_GUARDED_BY(lock_);    // the one that came back last in front
  List<Waiter, PoolOrder> waiters_ WEFT_GUARDED_BY(lock_);
  std::array<List<PooledItem, PoolBucket>, kBuckets> idle_of_ WEFT_GUARDED_BY(lock_);
  std::array<List<Waiter, PoolBucket>, kBuckets> waiters_of_ WEFT_GUARDED_BY(lock_);
  std::uint64_t overtakings_ WEFT_GUARDED_BY(lock_) = 0;
  std::size_t rooms_taken_ WEFT_GUARDED_BY(lock_) = 0;  // objects, and those that are being made or destroyed
  PoolStats stats_ WEFT_GUARDED_BY(lock_);              // open: with those that are being destroyed
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_SYNC_POOL_CORE_H_
