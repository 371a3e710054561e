// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TESTING_H_
#define WEFT_CONCURRENCY_TESTING_H_

#include <cstddef>
#include <string_view>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/unique_function.h>
#include <weft/concurrency/run.h>

namespace weft {

struct TestOptions {
  // Address space for each fiber's stack.
  std::size_t stack_bytes = 1024 * 1024;
  // Threads for Offload at the most.
  int offload_threads = 8;
  // Calls of Offload that may wait for a thread; 0: no limit.
  int offload_queue = 10'000;
  // Name of the first fiber in FiberInfo.
  std::string_view name = "test";
};

namespace internal {
Error RunTestMain(const TestOptions& options, UniqueFunction<Error(const Context&)>& body);
}

// Runs `body` (Error(const Context&) or void(const Context&)) as a fiber, on one loop and under
// virtual time, and returns when everything that it started has ended. For tests of code that
// waits: they take no time, and come out the same each time (Go's testing/synctest).
//
//   TEST(Backoff, WaitsLongerEachTime) {
//     weft::Error err = weft::RunTest([](const weft::Context& ctx) {
//       const weft::TimePoint start = weft::Now();
//       EXPECT_FALSE(RetryThreeTimes(ctx));
//       EXPECT_EQ(weft::Now() - start, std::chrono::seconds(7));
//     });
//     EXPECT_FALSE(err) << err.Message();
//   }
//
// Time begins at the same point in each test. It stands still while a fiber can run, and jumps to
// the next timer or deadline when all of them wait. So a Sleep of one nanosecond returns when
// everybody else has done what can be done now.
//
// What comes back, besides the error of `body` (an exception that leaves it is one):
//   kDeadlock  everybody waited and no time could help. The message lists the fibers and what each waits for. The context of the
//              test was canceled with this error as cause, so that they could end; if some wait on without a context, the
//              process is aborted with the list.
//   kLeaked    `body` had ended and something that it started had not: a member of a group on the heap, the function of a StopFunc,
//              a server. The message lists the fibers that were left. The context was canceled here too; what does not end
//              even then stays in memory for ever.
//
// Threads. Work in Offload holds time, unless it waits in a call of weft; so do the threads that it
// starts by Group or AfterFunc. Other threads are not known: a fiber that waits for a std::thread
// is a deadlock.
//
// Descriptors. What is written to a pipe or a Unix-domain socket of the test itself is seen at
// once. Everything that comes from outside, such as data over TCP, takes real time, which is not
// waited for, except by Await and WaitFd: virtual time stands still during an operation of Asio,
// and while a fiber waits for a descriptor.
//
// It takes the clock of the whole process, so it aborts by name inside a fiber, inside another
// RunTest, and while other loops run; Run on another thread aborts meanwhile.
template <class F>
Error RunTest(const TestOptions& options, F body) {
  internal::UniqueFunction<Error(const Context&)> function(
      [&body](const Context& ctx) -> Error { return internal::CallReturningError(body, ctx); });
  return internal::RunTestMain(options, function);
}

template <class F>
Error RunTest(F body) {
  return RunTest(TestOptions{}, std::move(body));
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_TESTING_H_
