// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SYNC_PER_LOOP_BASE_H_
#define WEFT_CONCURRENCY_INTERNAL_SYNC_PER_LOOP_BASE_H_

#include <vector>

#include <weft/concurrency/internal/base/small_lock.h>

namespace weft::internal {

class Parker;
struct PerLoopValue;

// The part of a PerLoop that does not depend on T.
class PerLoopBase {
 protected:
  struct Type {
    void* (*make)(PerLoopBase& self);
    void (*destroy)(void* value);
  };
  explicit PerLoopBase(const Type& type) : type_(type) {}
  ~PerLoopBase();
  PerLoopBase(const PerLoopBase&) = delete;
  PerLoopBase& operator=(const PerLoopBase&) = delete;
  void* Get();

 private:
  friend struct PerLoopValue;
  void EndAll() noexcept;

  const Type& type_;
  SmallLock lock_;
  std::vector<PerLoopValue*> values_ WEFT_GUARDED_BY(lock_);
  Parker* waiter_ WEFT_GUARDED_BY(lock_) = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_SYNC_PER_LOOP_BASE_H_
