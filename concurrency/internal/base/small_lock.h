// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_SMALL_LOCK_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_SMALL_LOCK_H_

#include <atomic>
#include <cstdint>

#include <weft/concurrency/internal/base/thread_annotations.h>

namespace weft::internal {

// A lock for critical sections of some instructions; it blocks the thread, so no fiber may park while holding it. Releasing it
// costs a plain store: a thread that finds it held spins, then yields its core, then sleeps briefly, and none needs to be
// woken. Unlike std::mutex it may be destroyed as soon as its owner has released it.
class WEFT_CAPABILITY SmallLock {
 public:
  void lock() noexcept WEFT_ACQUIRE() WEFT_NO_LOCK_ANALYSIS {  // NOLINT: Lockable
    if (held_.exchange(true, std::memory_order_acquire)) LockSlow();
  }
  void unlock() noexcept WEFT_RELEASE() WEFT_NO_LOCK_ANALYSIS { held_.store(false, std::memory_order_release); }  // NOLINT

 private:
  void LockSlow() noexcept;

  std::atomic<bool> held_{false};
};

// Sleeps while *word is `expected`, at most until the CLOCK_MONOTONIC time `until_ns` (INT64_MAX: no bound). May return early.
void FutexWait(const std::atomic<std::uint32_t>* word, std::uint32_t expected, std::int64_t until_ns) noexcept;
void FutexWake(const std::atomic<std::uint32_t>* word, int threads) noexcept;

}  // namespace weft::internal

#if defined(__clang__)
// The standard's, as clang's analysis needs it.
#include <mutex>
template <>
class WEFT_SCOPED_CAPABILITY std::lock_guard<weft::internal::SmallLock> {
 public:
  using mutex_type = weft::internal::SmallLock;
  explicit lock_guard(mutex_type& lock) WEFT_ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  ~lock_guard() WEFT_RELEASE() { lock_.unlock(); }
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;

 private:
  mutex_type& lock_;
};
#endif

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_SMALL_LOCK_H_
