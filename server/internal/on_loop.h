// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_ON_LOOP_H_
#define WEFT_SERVER_INTERNAL_ON_LOOP_H_

#include <weft/concurrency/context.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/loop.h>

namespace weft::internal {

// Runs `f` on the stack of that loop and parks until it has run. `f` is short, so nothing cancels the wait.
template <class F>
void RunOnLoop(Loop& loop, F f) {
  struct Task : LoopTask {
    explicit Task(F& function) : LoopTask(&Go), f(function) {}
    static void Go(LoopTask* task) {
      auto* self = static_cast<Task*>(task);
      self->f();
      self->done.Set();
    }
    F& f;
    Event done;
  };
  Task task(f);
  loop.Post(task);
  (void)task.done.Wait(Background());
}

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_ON_LOOP_H_
