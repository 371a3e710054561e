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

// For those who build a server or a driver on weft: the loop under the fibers. Handlers and
// services never need this header.
//
// A loop is one thread that runs fibers (FiberJob), watches descriptors and fires timers
// (loop_hooks.h), in turns, so that none starves the others. Code that the loop calls back runs on
// the loop's own stack: it must be short and must not wait.

namespace weft {

class Loop {
 public:
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The loop that runs on this thread; null on other threads.
  static Loop* Current() noexcept;

  int Index() const noexcept;        // of its scheduler, from 0
  int Siblings() const noexcept;     // how many loops the scheduler has
  Loop& Sibling(int index) noexcept;

  // The time at which the present turn of the loop began: good enough for timeouts, and costs
  // nothing. Only on its thread.
  TimePoint TurnTime() const noexcept;

  // Runs the task on the loop, after the tasks posted before. From any thread, as long as the
  // scheduler lives, which everybody who holds a Hold, a fiber or a group of it can be sure of.
  void Post(LoopTask& task) noexcept;

  // From any thread, for as long as Post may be called: how long the loop's present turn has
  // lasted, which nothing but the code that runs in it can end; zero while the loop sleeps, and
  // under virtual time. And the name of the fiber that runs; empty if none does.
  Duration HeldFor() const noexcept;
  std::string RunningFiber() const;

  // The rest only on the loop's thread.
  //
  // Has the thread beside the loops look after something, with `ctx` as the context whose end it is
  // told of. Under virtual time, where no loop is held, nothing is called. An error: that thread
  // cannot be started. Not on the loop's own stack.
  Error Add(LoopSentinel& sentinel, const Context& ctx);
  void Remove(LoopSentinel& sentinel) noexcept;  // waits for a call that is on its way

  // Watches `fd` for the epoll events given (edge-triggered where EPOLLET is among them).
  Error Add(FdWatch& watch, int fd, std::uint32_t events) noexcept;
  Error Modify(FdWatch& watch, int fd, std::uint32_t events) noexcept;
  // After this the watch is not called any more, also not for events that the kernel has reported
  // already.
  void Remove(FdWatch& watch, int fd) noexcept;

  // Runs the task once the loop has handed out the events that came together with the present one,
  // for work that is cheaper done for all of them at once. A task may ask so for another one, which
  // runs behind it; one that asks for itself never ends. False, and the task is not taken, unless
  // the loop is handing out events or running such tasks.
  bool RunAfterEvents(LoopTask& task) noexcept;

  void Arm(LoopTimer& timer, TimePoint when) noexcept;  // an armed one is moved
  void Disarm(LoopTimer& timer) noexcept;

  // Starts a fiber. On the loop's own stack it runs at once, up to its first park; called in a
  // fiber it runs at the next turn. An error (no memory for a stack) means that the job was not
  // taken.
  Error Start(FiberJob& job, const FiberOptions& options) noexcept;

  // In RunTest: virtual time stands still from the first to the second, as during Await, since
  // whoever is waited for works in real time.
  void HoldTime() noexcept;
  void ReleaseTime() noexcept;

  // Keeps the scheduler alive, as a group does. From any thread.
  void Hold() noexcept;
  void Release() noexcept;
  // The same for who only knows that the loop is there: false, and nothing is held, if its scheduler ends already.
  bool TryHold() noexcept;

 protected:
  Loop() = default;
  ~Loop() = default;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_LOOP_H_
