// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_FIBER_CACHE_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_FIBER_CACHE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/runtime/fiber.h>
#include <weft/concurrency/internal/runtime/fiber_roll.h>
#include <weft/concurrency/internal/runtime/stack.h>

namespace weft::internal {

// The fibers of a loop that have no job, warm ones first, and their stacks. Those that were not needed for
// a while are destroyed, in pieces. Only on the loop's thread and stack, except for the roll, Idle, StackBytes and DeepestStack.
class FiberCache {
 public:
  explicit FiberCache(std::size_t stack_bytes) : stacks_(stack_bytes) {}
  FiberCache(const FiberCache&) = delete;
  FiberCache& operator=(const FiberCache&) = delete;

  FiberCore* Take(LoopCore& loop, LoopSide& side) noexcept;  // null: no memory for a stack; also in a fiber
  void Give(FiberCore& fiber) noexcept;                      // its job has ended
  std::size_t Idle() const noexcept { return idle_count_.load(std::memory_order_relaxed); }

  // When there may be something to give back.
  bool TrimDue() const noexcept { return trim_due_; }
  std::int64_t TrimDueNs(std::int64_t now_ns) const noexcept;
  // Once in a while checks how many fibers were not needed since the last check, and destroys them in pieces. A loop that has nothing
  // else to do takes one piece after the other, and checks for other work in between.
  void Trim(LoopSide& side, std::int64_t now_ns, bool nothing_to_do) noexcept;
  void DestroyAll(LoopSide& side) noexcept;

  const std::shared_ptr<FiberRoll>& roll() const noexcept { return roll_; }
  std::size_t StackBytes() const noexcept { return stacks_.StackBytes(); }
  std::size_t DeepestStack() const noexcept { return deepest_.load(std::memory_order_relaxed); }

 private:
  // Only the loop writes the count, so it needs no atomic step.
  std::size_t CountIdle(std::size_t change) noexcept {
    const std::size_t now = Idle() + change;
    idle_count_.store(now, std::memory_order_relaxed);
    return now;
  }
  FiberCore* Make(LoopCore& loop, LoopSide& side) noexcept;
  void LookHowDeep(const FiberCore& fiber) noexcept;
  bool TrimSome(LoopSide& side) noexcept;
  void Destroy(FiberCore& fiber, LoopSide& side) noexcept;

  StackMaker stacks_;
  List<FiberCore, IdleTag> idle_;  // the warmest first
  std::atomic<std::size_t> idle_count_{0};
  std::size_t idle_low_ = 0;       // fewest since the last check: so many were not needed
  std::size_t cold_ = 0;           // that are to be destroyed yet, of those
  bool trim_due_ = false;
  bool trimming_ = false;          // a check was made, and not all of its pieces are done
  std::int64_t last_trim_ns_ = 0;  // of the last check, or of its last piece
  std::uint64_t given_ = 0;
  std::atomic<std::size_t> deepest_{0};
  const std::shared_ptr<FiberRoll> roll_ = std::make_shared<FiberRoll>();
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_FIBER_CACHE_H_
