// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_LOOP_HOOKS_H_
#define WEFT_CONCURRENCY_LOOP_HOOKS_H_

#include <cstdint>

#include <weft/concurrency/clock.h>

namespace weft {

// For those who build a server or a driver on weft: what a loop calls back. All of it belongs to
// somebody else, who keeps it as long as the loop may call. It is called on the loop's own stack:
// it must be short and must not wait; a blocking call of weft aborts there.

// Work for a loop. The poster owns it and keeps it until it has run; it may be posted again then.
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

// A descriptor that a loop watches. The owner keeps it until Loop::Remove.
class FdWatch {
 public:
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;

  // These events of epoll have come. On the loop's stack.
  virtual void OnFdEvents(std::uint32_t events) = 0;

 protected:
  FdWatch() = default;
  ~FdWatch() = default;
};

// Fires once at its time, on the loop's stack. The owner disarms it before it ends.
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
  std::uint32_t slot_ = 0;  // place in the loop's heap, from 1; 0: not armed
  std::int64_t when_ = 0;   // these two while the heap has no room for it
  LoopTimer* next_ = nullptr;
};

// Something that a thread beside the loops looks at, so that it is seen to while loops are held by
// code that does not park.
class LoopSentinel {
 public:
  // On that thread; short, and never waits. Returns for how long it need not be called again; it is
  // called at once when the context that it was added with is done.
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
