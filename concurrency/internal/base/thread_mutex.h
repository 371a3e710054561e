// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_MUTEX_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_MUTEX_H_

#include <mutex>

#include <weft/concurrency/internal/base/thread_annotations.h>

namespace weft::internal {

// A std::mutex that clang's analysis knows. It blocks the thread, so no fiber may park while holding it. Where a condition
// variable waits, it is used as the std::mutex that it is, and the function says so (WEFT_NO_LOCK_ANALYSIS).
class WEFT_CAPABILITY ThreadMutex : public std::mutex {
 public:
  void lock() WEFT_ACQUIRE() WEFT_NO_LOCK_ANALYSIS { std::mutex::lock(); }      // NOLINT: Lockable
  void unlock() WEFT_RELEASE() WEFT_NO_LOCK_ANALYSIS { std::mutex::unlock(); }  // NOLINT
};

}  // namespace weft::internal

#if defined(__clang__)
template <>
class WEFT_SCOPED_CAPABILITY std::lock_guard<weft::internal::ThreadMutex> {
 public:
  using mutex_type = weft::internal::ThreadMutex;
  explicit lock_guard(mutex_type& lock) WEFT_ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
  ~lock_guard() WEFT_RELEASE() { lock_.unlock(); }
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;

 private:
  mutex_type& lock_;
};
#endif

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_THREAD_MUTEX_H_
