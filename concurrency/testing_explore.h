// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TESTING_EXPLORE_H_
#define WEFT_CONCURRENCY_TESTING_EXPLORE_H_

#include <cstdint>
#include <functional>
#include <utility>

#include <weft/concurrency/testing.h>

// Tests that try many schedules. This header needs the library weft::concurrency_testing.

namespace weft {

struct ExploreOptions {
  // How many schedules are tried. The environment variable WEFT_SCHEDULES, a number, overrides
  // this, unless this is 1.
  int schedules = 1000;
  // The seed of the first schedule; the next ones count up from it. 0: a random one. The
  // environment variable WEFT_SEED overrides this, and then only the schedule of that seed runs.
  std::uint64_t seed = 0;
  // Called after each schedule whose body returned no error; true means that it failed all the
  // same. For test frameworks that record failures by themselves:
  // [] { return ::testing::Test::HasFailure(); }
  std::function<bool()> failed = nullptr;
  TestOptions test = {};
};

// Runs `body`, an Error(const Context&) or void(const Context&), again and again until it fails,
// each time by RunTest and in a different order of its fibers. For tests of code that shares state
// between fibers: what goes wrong once in a thousand runs is found within a second, and can be
// replayed.
//
//   TEST(Counter, LosesNothing) {
//     weft::Error err = weft::Explore({}, [](const weft::Context& ctx) -> weft::Error {
//       Counter counter;                     // whatever a schedule touches is made inside of it
//       weft::Group group(ctx);
//       for (int i = 0; i < 3; ++i) {
//         group.Go([&](const weft::Context& c) { return counter.Add(c, 1); });
//       }
//       if (weft::Error failed = group.Wait()) return failed;
//       return counter.Value() == 3 ? weft::Error() : weft::Error::New("lost one");
//     });
//     EXPECT_FALSE(err) << err.Message();    // "...; replay it with WEFT_SEED=1234 ..."
//   }
//
// What varies:
//   - which ready fiber runs next;
//   - whether a new fiber runs at once or later;
//   - the order of timers that are due at the same time, and what runs between them;
//   - when a function of Offload starts;
//   - whether a call that may suspend lets others run first, even if it need not wait. So a fiber
//     that was woken, or whose wait was canceled, but that has not run yet, meets newcomers and
//     further cancellations.
// A fiber is never interrupted anywhere else. What happens between the instructions of two threads
// is for ThreadSanitizer and for tests on several loops.
//
// A schedule fails if `body` returns an error (an exception is one), if `failed` says so, if all
// fibers wait (kDeadlock), if something is left running (kLeaked), or if it does not end within
// half a million steps. The Error that is returned wraps the first failure, and names the seed and
// the fibers that ran last; the same is printed. If the process dies during a schedule (an abort, a
// crash, a sanitizer's report, or SIGTERM from a test's timeout), the seed is printed too.
//
// Replay. WEFT_SEED=<seed> in the environment runs that one schedule again, with the same choices,
// as long as the program is the same and the body depends on nothing else that varies: real time,
// random numbers, addresses (in the order of a container), descriptors, threads. Functions of
// Offload run one at a time, while no fiber runs. One that blocks its thread until a fiber does
// something stops the loop for 200 ms, and its further steps are not determined by the seed.
//
// The seed also chooses one of three strategies: a random walk, random priorities that change at a
// few points, or the usual order with a few deviations. It takes over the clock of the process, as
// RunTest does.
template <class F>
Error Explore(const ExploreOptions& options, F body);

}  // namespace weft

#include <weft/concurrency/internal/test/explore_main.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_TESTING_EXPLORE_H_
