// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONCURRENCY_KIT_H_
#define WEFT_TESTS_CONCURRENCY_KIT_H_

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/base/sanitizers.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/testing.h>

// What the tests of concurrency/ share.
namespace weft::testing {

using namespace std::chrono_literals;

#if defined(WEFT_TSAN)
inline constexpr bool kTsan = true;
#else
inline constexpr bool kTsan = false;
#endif
#if defined(WEFT_ASAN)
inline constexpr bool kAsan = true;
#else
inline constexpr bool kAsan = false;
#endif
inline constexpr bool kSanitized = kTsan || kAsan;

// A number of repetitions, smaller where each costs more.
inline constexpr int Rounds(int usual) { return kSanitized ? usual / 10 : usual; }

// Runs `body` on virtual time; nothing may be left over.
inline void Virtually(std::function<void(const Context&)> body) {
  const Error err = RunTest([&](const Context& ctx) { body(ctx); });
  EXPECT_FALSE(err) << err.Message();
}

// Runs `body` on real time, on this many loops.
inline void OnLoops(int loops, std::function<void(const Context&)> body) {
  RunOptions options;
  options.loops = loops;
  const Error err = Run(Background(), options, [&](const Context& ctx) { body(ctx); });
  EXPECT_FALSE(err) << err.Message();
}

// Lets all others on virtual time do what they can do now.
inline void Settle(const Context& ctx) { EXPECT_FALSE(Sleep(ctx, 1ns)); }

}  // namespace weft::testing

// The threads of a test do not survive a fork, so the program is started anew.
#define WEFT_EXPECT_DEATH(statement, message)             \
  do {                                                    \
    GTEST_FLAG_SET(death_test_style, "threadsafe");       \
    EXPECT_DEATH(statement, message);                     \
  } while (false)

#endif  // WEFT_TESTS_CONCURRENCY_KIT_H_
