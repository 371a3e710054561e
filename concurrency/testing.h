// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TESTING_H_
#define WEFT_CONCURRENCY_TESTING_H_

#include <cstddef>
#include <string_view>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/run.h>

// Tests under virtual time. This header needs the library weft::concurrency_testing.

namespace weft {

struct TestOptions {
  // Address space in bytes for each fiber's stack.
  std::size_t stack_bytes = 1024 * 1024;
  // At most this many threads for Offload.
  int offload_threads = 8;
  // At most this many calls of Offload may wait for a thread; 0: no limit.
  int offload_queue = 10'000;
  // The name of the first fiber in FiberInfo.
  std::string_view name = "test";
};

// Runs `body`, an Error(const Context&) or void(const Context&), as a fiber, on one loop and under
// virtual time. Returns when everything that it started has ended. Tests of code that waits then
// take no time, and have the same result on each run (Go's testing/synctest).
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
// Time starts at the same point in each test. It stands still while a fiber can run, and jumps to
// the next timer or deadline when all of them wait. So a Sleep of one nanosecond returns when all
// other fibers have done what they can do now.
//
// Errors. Returns the error of `body` (an exception that leaves it is one), or:
//
//   kDeadlock  All fibers waited, and no passing of time could help. The message lists them, and
//              what each waits for. The test's context was canceled with this error as its cause,
//              so that they could end. If some keep waiting without a context, the process is
//              aborted with that list.
//   kLeaked    `body` had ended, and something that it started had not: a member of a group on the
//              heap, the function of a StopFunc, a server. The message lists the fibers that were
//              left. The context was canceled in this case too. What does not end even then stays
//              in memory forever.
//
// Threads. Time stands still while a function runs in Offload, unless it waits in a call of weft.
// The same applies to threads that such a function starts by Group or AfterFunc. Other threads are
// not known, so a fiber that waits for a std::thread is a deadlock.
//
// Descriptors. What is written to a pipe or a Unix-domain socket of the test itself is noticed at
// once. Everything that comes from outside, such as data over TCP, takes real time, and a test does
// not wait for that. Await and WaitFd are the exception: virtual time stands still during an Asio
// operation, and while a fiber waits for a descriptor.
//
// It takes over the clock of the whole process. So it aborts inside a fiber, inside another
// RunTest, and while other loops run. Run on another thread aborts while a RunTest runs.
template <class F>
Error RunTest(const TestOptions& options, F body);
template <class F>
Error RunTest(F body);

}  // namespace weft

#include <weft/concurrency/internal/test/run_test_main.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_TESTING_H_
