// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TIME_H_
#define WEFT_CONCURRENCY_TIME_H_

// Everything that has to do with time. Each tool also has a header of its own: the clock and Sleep,
// Timer and Ticker, RateLimiter. Deadlines and timeouts belong to contexts (context.h).

#include <weft/concurrency/clock.h>         // IWYU pragma: export
#include <weft/concurrency/rate_limiter.h>  // IWYU pragma: export
#include <weft/concurrency/timer.h>         // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_TIME_H_
