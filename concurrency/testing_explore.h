// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TESTING_EXPLORE_H_
#define WEFT_CONCURRENCY_TESTING_EXPLORE_H_

#include <cstdint>
#include <functional>
#include <utility>

#include <weft/concurrency/testing.h>

namespace weft {

struct ExploreOptions {
  // How many interleavings are tried. WEFT_SCHEDULES in the environment, a number, goes before,
  // unless this is 1.
  int schedules = 1000;
  // Of the first schedule; the next ones count up from it. 0: a random one. WEFT_SEED in the
  // environment goes before: then only the schedule of that seed runs.
  std::uint64_t seed = 0;
  // Asked after each schedule whose body returned no error. True: it failed all the same. For test
  // frameworks that note failures by themselves: [] { return ::testing::Test::HasFailure(); }
  std::function<bool()> failed = nullptr;
  TestOptions test = {};
};

namespace internal {
Error ExploreMain(const ExploreOptions& options, UniqueFunction<Error(const Context&)>& body);
}

// Runs `body` (Error(const Context&) or void(const Context&)) again and again, each time by RunTest
// and in another order of its fibers, until one fails. For tests of code that shares state between
// fibers: what goes wrong once in a thousand runs is found in a second, and found again.
//
//   TEST(Counter, LosesNothing) {
//     weft::Error err = weft::Explore({}, [](const weft::Context& ctx) -> weft::Error {
//       Counter counter;                               // everything that a schedule touches is made in it
//       weft::Group group(ctx);
//       for (int i = 0; i < 3; ++i) group.Go([&](const weft::Context& c) { return counter.Add(c, 1); });
//       if (weft::Error failed = group.Wait()) return failed;
//       return counter.Value() == 3 ? weft::Error() : weft::Error::New("lost one");
//     });
//     EXPECT_FALSE(err) << err.Message();              // "...; replay it with WEFT_SEED=1234 ..."
//   }
//
// What varies: which ready fiber runs next; whether a new fiber runs at once or later; the order of
// timers that are due at the same time, and what runs between them; when a function of Offload
// starts; and each call that may suspend may let others run first, even when it need not wait. So a
// fiber that was woken, or whose wait was canceled, and that has not run yet meets newcomers and
// further cancels. A fiber is never interrupted elsewhere: what happens between the instructions of
// two threads is for ThreadSanitizer and tests on several loops.
//
// A schedule fails when body returns an error (an exception is one), when `failed` says so, when
// everybody waits (kDeadlock), when something is left over (kLeaked), and when it does not end
// after half a million steps. The Error that comes back wraps that one, and names the seed and the
// fibers that ran last; the same is printed. When the process dies in a schedule (an abort, a
// crash, a sanitizer's report, SIGTERM by a test's timeout) the seed is printed too.
//
// WEFT_SEED=<seed> in the environment runs that one schedule again, choice by choice the same, as
// long as the program is the same and the body asks nothing else that varies: real time, random
// numbers, addresses (in the order of a container), descriptors, threads. Functions of Offload run
// one at a time while no fiber does; one that blocks its thread until a fiber does something stops
// the loop for 200 ms, and its further steps are not told by the seed.
//
// It has three strategies, which the seed chooses from: a random walk, random priorities that
// change at a few points, and the usual order with a few deviations. It takes the clock of the
// process, as RunTest does.
template <class F>
Error Explore(const ExploreOptions& options, F body) {
  internal::UniqueFunction<Error(const Context&)> function(
      [&body](const Context& ctx) -> Error { return internal::CallReturningError(body, ctx); });
  return internal::ExploreMain(options, function);
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_TESTING_EXPLORE_H_
