// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_SMALL_LOCK_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_SMALL_LOCK_H_

#include <atomic>
#include <cstdint>

namespace weft::internal {

// A lock for critical sections of some instructions; it blocks the thread, so nobody may park while holding it. To release it
// costs a plain store: whoever finds it held spins, then yields its core, then sleeps for moments, and nobody needs to be woken. Unlike
// std::mutex it may be destroyed as soon as its owner has released it.
class SmallLock {
 public:
  void lock() noexcept {  // NOLINT: Lockable
    if (held_.exchange(true, std::memory_order_acquire)) LockSlow();
  }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }  // NOLINT

 private:
  void LockSlow() noexcept;

  std::atomic<bool> held_{false};
};

// Sleeps while *word is `expected`, at most until the CLOCK_MONOTONIC time `until_ns` (INT64_MAX: no bound). May return early.
void FutexWait(const std::atomic<std::uint32_t>* word, std::uint32_t expected, std::int64_t until_ns) noexcept;
void FutexWake(const std::atomic<std::uint32_t>* word, int threads) noexcept;

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_SMALL_LOCK_H_
