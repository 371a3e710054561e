// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_CLOCK_H_
#define WEFT_CONCURRENCY_CLOCK_H_

#include <chrono>

#include <weft/concurrency/error.h>

namespace weft {

class Context;

using Duration = std::chrono::nanoseconds;

// The one clock of the process: monotonic (CLOCK_MONOTONIC), except inside RunTest, where it is
// virtual and stands still until everybody waits. All deadlines and timeouts of weft follow it.
struct Clock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<Clock, Duration>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept;  // NOLINT: the name is asked for by the standard
};

using TimePoint = std::chrono::time_point<Clock, Duration>;

inline TimePoint Now() noexcept { return Clock::now(); }

// Parks the caller for `duration`, or until the context is done, whichever is first: returns an
// empty Error after the whole time, else the context's error. Under a done context it returns at
// once; a duration of zero or less returns at once too. Works on plain threads as well.
Error Sleep(const Context& ctx, Duration duration);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_CLOCK_H_
