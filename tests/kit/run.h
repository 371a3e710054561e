// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_KIT_RUN_H_
#define WEFT_TESTS_KIT_RUN_H_

#include <chrono>
#include <functional>

#include <gtest/gtest.h>

#include <weft/concurrency/context.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>

namespace weft {

// Runs `body` in a fiber on virtual time. A hang, and whatever is left over, fails the test.
inline void Virtually(const std::function<void(const Context&)>& body) {
  const Error err = RunTest([&](const Context& ctx) { body(ctx); });
  EXPECT_FALSE(err) << err.Message();
}

// Runs `body` on real time, on this many loops.
inline void OnLoops(int loops, const std::function<void(const Context&)>& body) {
  RunOptions options;
  options.loops = loops;
  const Error err = Run(Background(), options, [&](const Context& ctx) { body(ctx); });
  EXPECT_FALSE(err) << err.Message();
}

// Lets all others on virtual time do what they can do now: then the order of those that wait is known.
inline void Settle(const Context& ctx) { EXPECT_FALSE(Sleep(ctx, std::chrono::nanoseconds(1))); }

}  // namespace weft

#endif  // WEFT_TESTS_KIT_RUN_H_
