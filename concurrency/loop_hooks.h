// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_LOOP_HOOKS_H_
#define WEFT_CONCURRENCY_LOOP_HOOKS_H_

#include <cstdint>

#include <weft/concurrency/clock.h>

// For servers and drivers that are built on weft: the objects that a loop (loop.h) calls back.
//
// Each one belongs to the code that made it, and must be kept as long as the loop may call it.
// Calls happen on the loop's own stack, where no fiber runs, so they must be short and must not
// wait. A blocking call of weft aborts there.
//
//   struct Wakeup : weft::LoopTask {
//     explicit Wakeup(weft::LoopSignal& to_notify)
//         : LoopTask([](weft::LoopTask* task) { static_cast<Wakeup*>(task)->signal.Notify(); }),
//           signal(to_notify) {}
//     weft::LoopSignal& signal;
//   };
//
//   void WakeFromElsewhere(weft::Loop& loop, Wakeup& wakeup) { loop.Post(wakeup); }

namespace weft {

// A piece of work for a loop (Loop::Post). The poster keeps it until it has run, and may then post
// it again.
class LoopTask {
 public:
  using Function = void (*)(LoopTask*);
  explicit LoopTask(Function run) : run_(run) {}
  LoopTask(const LoopTask&) = delete;
  LoopTask& operator=(const LoopTask&) = delete;

 private:
  friend class LoopAccess;
  LoopTask* next_ = nullptr;
  Function run_;
};

// Watches a descriptor (Loop::Add). The owner keeps it until Loop::Remove.
class FdWatch {
 public:
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  // These events of epoll(7) have occurred. Called on the loop's stack.
  virtual void OnFdEvents(std::uint32_t events) = 0;

 protected:
  FdWatch() = default;
  ~FdWatch() = default;
};

// Fires once, at its time (Loop::Arm), on the loop's stack. The owner disarms it before it ends.
class LoopTimer {
 public:
  using Function = void (*)(LoopTimer*);
  explicit LoopTimer(Function fire) : fire_(fire) {}
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;
  bool Armed() const { return slot_ != 0; }

 private:
  friend class LoopAccess;
  Function fire_;
  std::uint32_t slot_ = 0;  // position in the loop's heap, from 1; 0: not armed
  std::int64_t when_ = 0;   // this and the next one while the heap has no room for it
  LoopTimer* next_ = nullptr;
};

// Looks after something from the watchdog thread, so that it is taken care of even while loops are
// held by code that does not park (Loop::Add).
class LoopSentinel {
 public:
  // Called on that thread; must be short, and must not wait. Returns the time for which it need not
  // be called again. It is also called as soon as the context that it was added with is done.
  using Function = Duration (*)(LoopSentinel*);
  explicit LoopSentinel(Function look) : look_(look) {}
  LoopSentinel(const LoopSentinel&) = delete;
  LoopSentinel& operator=(const LoopSentinel&) = delete;

 private:
  friend class LoopAccess;
  Function look_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_LOOP_HOOKS_H_
