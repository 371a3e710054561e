// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_CLOCK_H_
#define WEFT_CONCURRENCY_CLOCK_H_

#include <chrono>

#include <weft/concurrency/error.h>

// The clock that all deadlines, timeouts and timers of weft follow, and Sleep.
//
//   weft::Error Retry(const weft::Context& ctx) {
//     const weft::TimePoint start = weft::Now();
//     while (weft::Now() - start < std::chrono::minutes(1)) {
//       if (!Connect(ctx)) return {};
//       if (weft::Error err = weft::Sleep(ctx, std::chrono::seconds(1))) return err;
//     }
//     return weft::kTimeout;
//   }

namespace weft {

class Context;

// A length of time, in nanoseconds. Every std::chrono duration with whole numbers that is no finer
// converts to it.
using Duration = std::chrono::nanoseconds;

// The clock itself, in the form that std::chrono asks for. It is monotonic (CLOCK_MONOTONIC) and
// knows nothing of the date. Inside RunTest (testing.h) it is virtual instead: it stands still
// while any fiber can run, and jumps to the next timer when all of them wait.
struct Clock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<Clock, Duration>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept;  // NOLINT: the standard prescribes the name
};

using TimePoint = std::chrono::time_point<Clock, Duration>;

// The current time. From any thread; never suspends.
inline TimePoint Now() noexcept { return Clock::now(); }

// Waits for `duration`, or until the context is done, whichever comes first. Returns an empty Error
// if the whole duration has passed, and otherwise the context's error. A duration of zero or less
// returns at once, and so does a context that is already done.
//
// In a fiber it parks: the fiber is suspended and its loop runs others. A plain thread blocks.
Error Sleep(const Context& ctx, Duration duration);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_CLOCK_H_
