// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_TASK_QUEUE_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_TASK_QUEUE_H_

#include <weft/concurrency/internal/runtime/loop_access.h>

namespace weft::internal {

// First in, first out, of tasks that it does not own.
class TaskQueue {
 public:
  bool Empty() const { return head_ == nullptr; }
  void Push(LoopTask& task) {
    LoopAccess::Next(task) = nullptr;
    if (head_ == nullptr) {
      head_ = &task;
    } else {
      LoopAccess::Next(*tail_) = &task;
    }
    tail_ = &task;
  }
  // A chain of tasks whose last one is `last`.
  void PushAll(LoopTask& first, LoopTask& last) {
    if (head_ == nullptr) {
      head_ = &first;
    } else {
      LoopAccess::Next(*tail_) = &first;
    }
    tail_ = &last;
  }
  LoopTask* Pop() {
    LoopTask* task = head_;
    if (task != nullptr) head_ = LoopAccess::Next(*task);
    return task;
  }

 private:
  LoopTask* head_ = nullptr;
  LoopTask* tail_ = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_TASK_QUEUE_H_
