// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_LOOP_H_
#define WEFT_CONCURRENCY_LOOP_H_

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/clock.h>

// For those who build a server or a driver on weft: the loop under the fibers. Handlers and services never need this header.
//
// A loop is one thread that runs fibers, watches descriptors and fires timers, in turns, so that none starves the others.
// Code that the loop calls back (tasks, watches, timers, a job's Ended) runs on the loop's own stack: it must be short and
// must not wait; a blocking call of weft aborts there.

namespace weft {

class Loop;

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

// Something that a thread beside the loops looks at, so that it is seen to while loops are held by code that does not park.
class LoopSentinel {
 public:
  // On that thread; short, and never waits. Returns for how long it need not be called again; it is called at once when the context
  // that it was added with is done.
  using Function = Duration (*)(LoopSentinel*);
  explicit LoopSentinel(Function look) : look_(look) {}
  LoopSentinel(const LoopSentinel&) = delete;
  LoopSentinel& operator=(const LoopSentinel&) = delete;

 private:
  friend class LoopAccess;
  Function look_;
};

// What a fiber does, and who owns it: a fiber never starts without one. The owner keeps the job until Ended.
class FiberJob {
 public:
  FiberJob() = default;
  FiberJob(const FiberJob&) = delete;
  FiberJob& operator=(const FiberJob&) = delete;

  // The body, in the fiber.
  virtual void Run() = 0;
  // The fiber has ended, nothing of it lives any more. On the loop's stack. The job may be deleted here.
  virtual void Ended() noexcept = 0;
  // Called in the fiber just before it parks, when it may stand in a queue already: the last moment to hand out what it holds
  // back. Must not wait.
  virtual void BeforePark() noexcept {}
  // The same before it lets others go first (Yield), and may come back at once.
  virtual void BeforeYield() noexcept {}

 protected:
  ~FiberJob() = default;
};

struct FiberOptions {
  std::string_view name;            // for debugging; the first 47 bytes are kept
  std::uint64_t parent = 0;         // the id of the fiber that this one is listed under
  const Context* context = nullptr;  // CurrentContext() of the fiber; outlives it. Null: Background
  std::uint64_t work = 0;           // see Scope
  std::source_location started{};   // for debugging: the line that wanted the fiber; without one nothing is shown
};

class Loop {
 public:
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The loop that runs on this thread; null on other threads.
  static Loop* Current() noexcept;

  int Index() const noexcept;        // of its scheduler, from 0
  int Siblings() const noexcept;     // how many loops the scheduler has
  Loop& Sibling(int index) noexcept;

  // The time at which the present turn of the loop began: good enough for timeouts, and costs nothing. Only on its thread.
  TimePoint TurnTime() const noexcept;

  // Runs the task on the loop, after the tasks posted before. From any thread, as long as the scheduler lives, which
  // everybody who holds a Hold, a fiber or a group of it can be sure of.
  void Post(LoopTask& task) noexcept;

  // From any thread, for as long as Post may be called: how long the loop's present turn has lasted, which nothing but the code that
  // runs in it can end; zero while the loop sleeps, and under virtual time. And the name of the fiber that runs; empty if none does.
  Duration HeldFor() const noexcept;
  std::string RunningFiber() const;

  // The rest only on the loop's thread.
  //
  // Has the thread beside the loops look after something, with `ctx` as the context whose end it is told of. Under virtual time, where
  // no loop is held, nothing is called. An error: that thread cannot be started. Not on the loop's own stack.
  Error Add(LoopSentinel& sentinel, const Context& ctx);
  void Remove(LoopSentinel& sentinel) noexcept;  // waits for a call that is on its way

  // Watches `fd` for the epoll events given (edge-triggered where EPOLLET is among them).
  Error Add(FdWatch& watch, int fd, std::uint32_t events) noexcept;
  Error Modify(FdWatch& watch, int fd, std::uint32_t events) noexcept;
  // After this the watch is not called any more, also not for events that the kernel has reported already.
  void Remove(FdWatch& watch, int fd) noexcept;

  // Runs the task once the loop has handed out the events that came together with the present one, for work that is cheaper done for
  // all of them at once. A task may ask so for another one, which runs behind it; one that asks for itself never ends. False, and
  // the task is not taken, unless the loop is handing out events or running such tasks.
  bool RunAfterEvents(LoopTask& task) noexcept;

  void Arm(LoopTimer& timer, TimePoint when) noexcept;  // an armed one is moved
  void Disarm(LoopTimer& timer) noexcept;

  // Starts a fiber. On the loop's own stack it runs at once, up to its first park; called in a fiber it runs at the next
  // turn. An error (no memory for a stack) means that the job was not taken.
  Error Start(FiberJob& job, const FiberOptions& options) noexcept;

  // Keeps the scheduler alive, as a group does. From any thread.
  void Hold() noexcept;
  void Release() noexcept;

 protected:
  Loop() = default;
  ~Loop() = default;
};

// The id of the running fiber, as in FiberInfo; 0 outside of fibers.
std::uint64_t CurrentFiberId() noexcept;

// Gives the running fiber another name, for debugging.
void SetFiberName(std::string_view name) noexcept;

// Lets one fiber wait for something that happens on its own loop, such as readiness of a descriptor. Not thread-safe.
class LoopSignal {
 public:
  enum class Outcome { kNotified, kContextDone, kTimedOut };

  // Parks the running fiber until Notify, the end of the context, or `until`. `waits_for` is a literal, for debugging.
  Outcome Wait(const Context& ctx, const char* waits_for, TimePoint until = TimePoint::max()) noexcept;
  // Wakes the waiting fiber, if one waits.
  void Notify() noexcept;
  bool Waiting() const { return parker_ != nullptr; }

 private:
  void* parker_ = nullptr;
};

// Makes `ctx` the CurrentContext() of the running fiber, or of a plain thread, until the end of the C++ scope. `ctx` must live as
// long.
class [[nodiscard]] ScopedContext {
 public:
  explicit ScopedContext(const Context& ctx) noexcept;
  ~ScopedContext();
  ScopedContext(const ScopedContext&) = delete;
  ScopedContext& operator=(const ScopedContext&) = delete;

 private:
  const Context* previous_;
};

// A root context that is used again and again, one user after the other, without an allocation unless somebody keeps a
// context beyond its use. For servers: one per request. Values come from `values`, which must outlive it.
class ReusableContext {
 public:
  explicit ReusableContext(const Context& values) noexcept;
  ~ReusableContext();
  ReusableContext(const ReusableContext&) = delete;
  ReusableContext& operator=(const ReusableContext&) = delete;

  // A live context with this deadline (TimePoint::max(): none). Valid until End.
  const Context& Begin(TimePoint deadline, const Error& deadline_cause);
  void Cancel(const Error& cause) noexcept;   // between Begin and End, from any thread
  void End(const Error& cause) noexcept;      // cancels what others still hold
  bool Done() const noexcept;                 // between Begin and End: it has ended already; does not look at the clock
  // Takes the deadline away; contexts derived before keep theirs.
  void DropDeadline() noexcept;

 private:
  Context values_;
  Context ctx_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_LOOP_H_
