// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RUN_H_
#define WEFT_CONCURRENCY_RUN_H_

#include <cstddef>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/call_returning_error.h>
#include <weft/concurrency/internal/base/unique_function.h>

namespace weft {

// A fiber holds its loop for too long. The views hold during the report only.
struct LoopStall {
  std::string_view fiber;  // its name
  Duration held;           // for how long already
  std::string_view stack;  // where its thread is at this moment, as FormatFrames writes it; empty where that cannot be told
};

// How a stall is reported, on the watchdog's thread: a function of a LoopStall, or of name and time
// alone. Null: on stderr.
class StallReport {
 public:
  StallReport() = default;
  StallReport(std::nullptr_t) {}  // NOLINT: conversion is the purpose, here and below
  template <class F>
    requires std::is_invocable_v<F&, const LoopStall&>
  StallReport(F report) : report_(std::move(report)) {}  // NOLINT
  template <class F>
    requires std::is_invocable_v<F&, std::string_view, Duration>
  StallReport(F report)  // NOLINT
      : report_([report = std::move(report)](const LoopStall& stall) mutable { report(stall.fiber, stall.held); }) {}

  explicit operator bool() const { return static_cast<bool>(report_); }
  void operator()(const LoopStall& stall) const { report_(stall); }

 private:
  std::function<void(const LoopStall&)> report_;
};

// How a scheduler that does not go on is reported: its fibers, parents before their children, and
// for how long nothing has happened. Called on the watchdog's thread. The default is a sentence and
// FormatFiberTree on stderr.
using HangReport = std::function<void(const std::vector<FiberInfo>& fibers, Duration waited)>;

struct RunOptions {
  // Loops, each a thread; 0: one per CPU that this process may use (affinity mask, cgroup cpu.max).
  int loops = 0;
  // Address space for each fiber's stack; memory is used only for what is touched.
  std::size_t stack_bytes = 1024 * 1024;
  // Threads for Offload at the most; 0: 4 per loop, at least 8.
  int offload_threads = 0;
  // Calls of Offload and Resolve that may wait for a thread; one more fails with kRefused. 0: no
  // limit.
  int offload_queue = 10'000;
  // Name of the first fiber in FiberInfo.
  std::string_view name = "main";

  // The watchdog: a thread that looks a few times within each limit and reports, and never ends
  // anything. For each, zero means no watch, and an empty function a report on stderr. Without any
  // watch there is no thread.
  //
  // Stall: a fiber has run this long without parking, and stalls all others of its loop. Reported
  // again while it lasts: after twice the time and so on, at least every 10 s. To show the stack,
  // its thread is interrupted for a moment by SIGURG, unless the program has a handler for that.
  Duration stall_limit = std::chrono::seconds(1);
  StallReport on_stall = nullptr;
  // Leak: `main` has returned, and Run cannot, because of what it left behind (groups, StopFuncs,
  // servers); for this long nothing of that has ended. Reported again after twice the time, and so
  // on.
  Duration leak_limit = std::chrono::seconds(5);
  HangReport on_leak = nullptr;
  // Deadlock: all fibers have waited this long, and nothing inside the scheduler can wake them: no
  // timer or deadline is armed, no descriptor is watched, no loop was asked for an Asio executor,
  // no function runs in Offload, no NotifyContext lives. A thread or another scheduler still could.
  // Reported once; if the fibers go on afterwards, they are fed from outside, and there is no
  // report for this scheduler any more.
  Duration deadlock_limit = std::chrono::seconds(10);
  HangReport on_deadlock = nullptr;
};

namespace internal {
Error RunMain(const Context& ctx, const RunOptions& options, UniqueFunction<Error(const Context&)>& main);
}  // namespace internal

// Makes a scheduler on the calling thread, runs `main` as its first fiber under `ctx`, and returns
// what it returned, when everything that was started on the scheduler has ended. An exception out
// of `main` comes back as an Error, and so does a lack of descriptors, threads or memory for the
// loops; `main` has not run then. The calling thread is the first loop. In a fiber it just calls
// `main` with `ctx` as current context; the options do not apply then.
//
//   int main() {
//     weft::Error err = weft::Run(weft::Background(), [](const weft::Context& ctx) { return Work(ctx); });
//   }
template <class F>
Error Run(const Context& ctx, const RunOptions& options, F main) {
  internal::UniqueFunction<Error(const Context&)> function(
      [&main](const Context& c) -> Error { return internal::CallReturningError(main, c); });
  return internal::RunMain(ctx, options, function);
}

template <class F>
Error Run(const Context& ctx, F main) {
  return Run(ctx, RunOptions{}, std::move(main));
}

// Lets the other fibers of this loop go first. On a plain thread it yields the thread.
void Yield();

// How many loops the running scheduler has; on a plain thread, how many Run would make by default.
int LoopCount();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RUN_H_
