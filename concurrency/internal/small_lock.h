// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SMALL_LOCK_H_
#define WEFT_CONCURRENCY_INTERNAL_SMALL_LOCK_H_

#include <atomic>
#include <cstdint>

namespace weft::internal {

// A lock of four bytes for critical sections of some instructions; it blocks the thread, so nobody may park while holding
// it. Unlike std::mutex it may be destroyed as soon as its owner has released it, also while the release still wakes a
// waiter: only the address is used then.
class SmallLock {
 public:
  void lock() noexcept {  // NOLINT: Lockable
    std::uint32_t expected = kFree;
    if (!state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire, std::memory_order_relaxed)) LockSlow();
  }
  void unlock() noexcept {  // NOLINT
    if (state_.exchange(kFree, std::memory_order_release) == kContended) WakeOne();
  }

 private:
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kContended = 2;
  void LockSlow() noexcept;
  void WakeOne() noexcept;

  std::atomic<std::uint32_t> state_{kFree};
};

// Sleeps while *word is `expected`, at most until the CLOCK_MONOTONIC time `until_ns` (INT64_MAX: no bound). May return early.
void FutexWait(const std::atomic<std::uint32_t>* word, std::uint32_t expected, std::int64_t until_ns) noexcept;
void FutexWake(const std::atomic<std::uint32_t>* word, int threads) noexcept;

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_SMALL_LOCK_H_
