// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_TIME_H_
#define WEFT_CONCURRENCY_TIME_H_

// All tools for time. Each has a header of its own.

#include <weft/concurrency/clock.h>         // IWYU pragma: export
#include <weft/concurrency/rate_limiter.h>  // IWYU pragma: export
#include <weft/concurrency/timer.h>         // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_TIME_H_
