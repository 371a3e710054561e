// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_LOOP_H_
#define WEFT_CONCURRENCY_LOOP_H_

#include <cstdint>
#include <string>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/fiber_job.h>         // IWYU pragma: export
#include <weft/concurrency/loop_hooks.h>        // IWYU pragma: export
#include <weft/concurrency/loop_signal.h>       // IWYU pragma: export
#include <weft/concurrency/reusable_context.h>  // IWYU pragma: export
#include <weft/concurrency/scoped_context.h>    // IWYU pragma: export

// For servers and drivers that are built on weft: the loop that fibers run on. Handlers and
// services never need this header.
//
// A loop is one thread that runs fibers (fiber_job.h), watches descriptors and fires timers
// (loop_hooks.h). It does so in turns, so that none of them starves the others. Code that the loop
// calls back runs on the loop's own stack, so it must be short and must not wait.

namespace weft {

// One loop of a scheduler (run.h). The scheduler makes and owns it.
//
//   class Pulse final : public weft::LoopTimer {
//    public:
//     explicit Pulse(weft::Loop& loop) : LoopTimer(&Fire), loop_(loop) { Next(); }
//     ~Pulse() { loop_.Disarm(*this); }
//
//    private:
//     static void Fire(weft::LoopTimer* timer) { static_cast<Pulse*>(timer)->Next(); }
//     void Next() { loop_.Arm(*this, loop_.TurnTime() + std::chrono::seconds(1)); }
//     weft::Loop& loop_;
//   };
class Loop {
 public:
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The loop that runs on this thread; null on other threads.
  static Loop* Current() noexcept;

  // Its number in the scheduler, from 0; how many loops the scheduler has; one of them.
  int Index() const noexcept;
  int Siblings() const noexcept;
  Loop& Sibling(int index) noexcept;

  // When the current turn of the loop began. It is accurate enough for timeouts, and costs nothing.
  // Only on the loop's thread.
  TimePoint TurnTime() const noexcept;

  // Runs the task on the loop, after all tasks posted before it. From any thread, as long as the
  // scheduler lives. Code that has called Hold, or owns a fiber or a group of the scheduler, can be
  // sure of that.
  void Post(LoopTask& task) noexcept;

  // How long the current turn of the loop has lasted; only the code that runs in it can end it.
  // Zero while the loop sleeps, and under virtual time. From any thread, as long as Post may be
  // called.
  Duration HeldFor() const noexcept;
  // The name of the fiber that is running; empty if none is. As HeldFor.
  std::string RunningFiber() const;

  // Keep the scheduler alive until Release, as a group does. From any thread. TryHold is for code
  // that only knows that the loop exists: it returns false, and holds nothing, if the scheduler is
  // already ending.
  void Hold() noexcept;
  void Release() noexcept;
  bool TryHold() noexcept;

  // Everything below may be called only on the loop's thread.

  // Starts a fiber. On the loop's own stack it runs at once, up to its first park; if a fiber calls
  // this, the new one runs in the next turn. An error (no memory for a stack) means that the job
  // was not taken.
  Error Start(FiberJob& job, const FiberOptions& options) noexcept;

  // Watches `fd` for these events of epoll(7), edge-triggered if EPOLLET is among them. Errors are
  // those of epoll_ctl(2).
  Error Add(FdWatch& watch, int fd, std::uint32_t events) noexcept;
  Error Modify(FdWatch& watch, int fd, std::uint32_t events) noexcept;
  // From now on the watch is not called any more, not even for events that the kernel has already
  // reported.
  void Remove(FdWatch& watch, int fd) noexcept;

  // Sets the timer; one that is already armed is moved.
  void Arm(LoopTimer& timer, TimePoint when) noexcept;
  void Disarm(LoopTimer& timer) noexcept;

  // Runs the task once the loop has delivered all events that it got together with the current one,
  // for work that is cheaper when done for all of them at once. A task may ask for another one in
  // this way, which runs after it; one that asks for itself never ends. Returns false, and does not
  // take the task, unless the loop is delivering events or running such tasks.
  bool RunAfterEvents(LoopTask& task) noexcept;

  // Lets the watchdog thread call the sentinel, which learns of the end of `ctx`. Under virtual
  // time, where no loop is ever held, it is never called. Fails if that thread cannot be started.
  // Not on the loop's own stack.
  Error Add(LoopSentinel& sentinel, const Context& ctx);
  // Waits for a call that is in progress.
  void Remove(LoopSentinel& sentinel) noexcept;

  // In RunTest: virtual time stands still between the two, as it does during Await, because what
  // the fiber waits for takes real time.
  void HoldTime() noexcept;
  void ReleaseTime() noexcept;

 protected:
  Loop() = default;
  ~Loop() = default;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_LOOP_H_
