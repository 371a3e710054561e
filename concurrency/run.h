// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RUN_H_
#define WEFT_CONCURRENCY_RUN_H_

#include <cstddef>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/unique_function.h>
#include <weft/concurrency/clock.h>

namespace weft {

// How a fiber that holds its loop for too long is reported: its name, and for how long already. Called on the watchdog's
// thread.
using StallReport = std::function<void(std::string_view fiber, Duration held)>;

struct RunOptions {
  // Loops, each a thread; 0: one per CPU that this process may use (affinity mask, cgroup cpu.max).
  int loops = 0;
  // Address space for each fiber's stack; memory is used only for what is touched.
  std::size_t stack_bytes = 1024 * 1024;
  // A fiber that runs this long without parking stalls all others of its loop and is reported, once. Zero: no watch.
  Duration stall_limit = std::chrono::seconds(1);
  // Empty: one line on stderr.
  StallReport on_stall = nullptr;
  // Threads for Offload at the most; 0: 4 per loop, at least 8.
  int offload_threads = 0;
  // Name of the first fiber in FiberInfo.
  std::string_view name = "main";
};

namespace internal {
Error RunMain(const Context& ctx, const RunOptions& options, UniqueFunction<Error(const Context&)>& main);

template <class F>
Error CallReturningError(F& f, const Context& ctx) {
  if constexpr (std::is_invocable_v<F&, const Context&>) {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, const Context&>>) {
      f(ctx);
      return {};
    } else {
      return f(ctx);
    }
  } else {
    static_assert(std::is_invocable_v<F&, const Context&>, "the function must take a const weft::Context&");
  }
}
}  // namespace internal

// Makes a scheduler on the calling thread, runs `main` as its first fiber under `ctx`, and returns what it returned, when
// everything that was started on the scheduler has ended. An exception out of `main` comes back as an Error. The calling
// thread is the first loop. In a fiber it just calls `main` with `ctx` as current context; the options do not apply then.
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
