// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_ACCESS_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_ACCESS_H_

#include <cstdint>

#include <weft/concurrency/loop_hooks.h>

namespace weft {
// Gives access to the private parts of what users pass to a loop.
class LoopAccess {
 public:
  static LoopTask*& Next(LoopTask& task) { return task.next_; }
  static void Run(LoopTask& task) { task.run_(&task); }
  static void Fire(LoopTimer& timer) { timer.fire_(&timer); }
  static Duration Look(LoopSentinel& sentinel) { return sentinel.look_(&sentinel); }
  static std::uint32_t& Slot(LoopTimer& timer) { return timer.slot_; }
  static std::int64_t& When(LoopTimer& timer) { return timer.when_; }
  static LoopTimer*& Next(LoopTimer& timer) { return timer.next_; }
};
}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_ACCESS_H_
