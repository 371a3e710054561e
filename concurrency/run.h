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

// Run makes the scheduler that fibers live in: a number of loops, each a thread, which run fibers
// and watch descriptors and timers. ListenAndServe makes one by itself; programs without a server
// call Run in main.

namespace weft {

// A fiber that has been running for too long without parking, so that no other fiber of its loop
// can run. The views are valid during the report only.
struct LoopStall {
  // The fiber's name.
  std::string_view fiber;
  // How long it has been running so far.
  Duration held;
  // Where its thread is at this moment, as FormatFrames writes it; empty if that is not known.
  std::string_view stack;
};

// A function that reports a stall, called on the watchdog thread: it takes a LoopStall, or just
// the fiber's name and the time. Null reports on stderr.
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
      : report_([report = std::move(report)](const LoopStall& stall) mutable {
          report(stall.fiber, stall.held);
        }) {}

  explicit operator bool() const { return static_cast<bool>(report_); }
  void operator()(const LoopStall& stall) const { report_(stall); }

 private:
  std::function<void(const LoopStall&)> report_;
};

// A function that reports a scheduler which makes no progress, called on the watchdog thread. It
// gets the fibers, parents before their children, and for how long nothing has happened. By default
// a sentence and FormatFiberTree go to stderr.
using HangReport = std::function<void(const std::vector<FiberInfo>& fibers, Duration waited)>;

struct RunOptions {
  // The number of loops, each a thread. 0: one for each CPU that this process may use, by its
  // affinity mask and its cgroup's cpu.max (UsableCpus in resources.h).
  int loops = 0;
  // Address space in bytes for each fiber's stack. Memory is used only for the part that was
  // touched.
  std::size_t stack_bytes = 1024 * 1024;
  // At most this many threads for Offload. 0: 4 for each loop, but at least 8.
  int offload_threads = 0;
  // At most this many calls of Offload and Resolve may wait for a thread; further ones fail with
  // kRefused. 0: no limit.
  int offload_queue = 10'000;
  // The name of the first fiber in FiberInfo.
  std::string_view name = "main";

  // The watchdog is a thread that checks for three kinds of trouble, a few times within each limit.
  // It reports them, and never ends anything. A limit of zero turns that check off; an empty
  // function reports on stderr. If all three are off there is no thread.
  //
  // Stall: a fiber has been running this long without parking, and delays all other fibers of its
  // loop. While that lasts it is reported again, after twice the time and so on, but at least every
  // 10 s. To show the stack, the loop's thread is interrupted for a moment by SIGURG, unless the
  // program handles that signal itself.
  Duration stall_limit = std::chrono::seconds(1);
  StallReport on_stall = nullptr;
  // Leak: `main` has returned, but Run cannot, because of what `main` left running (groups,
  // StopFuncs, servers), and nothing of that has ended for this long. Reported again after twice
  // the time, and so on.
  Duration leak_limit = std::chrono::seconds(5);
  HangReport on_leak = nullptr;
  // Deadlock: all fibers have been waiting this long, and nothing in the scheduler can wake them:
  // no timer or deadline is armed, no descriptor is watched, no loop was asked for an Asio
  // executor, no function runs in Offload, and there is no NotifyContext. A thread or another
  // scheduler still could. Reported once. If the fibers continue afterwards, something outside
  // wakes them, and this check is off for this scheduler.
  Duration deadlock_limit = std::chrono::seconds(10);
  HangReport on_deadlock = nullptr;
};

// Makes a scheduler, runs `main` as its first fiber under `ctx`, and returns what `main` returned,
// once everything that was started on the scheduler has ended. The calling thread becomes the first
// loop. `main` is an Error(const Context&) or void(const Context&).
//
//   int main() {
//     weft::Error err = weft::Run(weft::Background(), [](const weft::Context& ctx) -> weft::Error {
//       return Work(ctx);
//     });
//     if (err) std::fprintf(stderr, "%s\n", err.Message().c_str());
//     return err ? 1 : 0;
//   }
//
// An exception that leaves `main` comes back as an Error. So does a lack of descriptors, threads or
// memory for the loops; in that case `main` has not run.
//
// Inside a fiber, Run just calls `main` with `ctx` as its current context, and ignores the options.
// On several threads at once, each call makes a scheduler of its own.
template <class F>
Error Run(const Context& ctx, const RunOptions& options, F main);
template <class F>
Error Run(const Context& ctx, F main);

// Lets the other fibers of this loop run first. A plain thread yields. Call it in long computations
// that do not park otherwise.
void Yield();

// The number of loops of the running scheduler; on a plain thread, the number that Run would make
// by default.
int LoopCount();

}  // namespace weft

#include <weft/concurrency/internal/run/run_main.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_RUN_H_
