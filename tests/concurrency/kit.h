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

#include "../kit/run.h"
#include "../kit/sanitized.h"

// What the tests of concurrency/ share.
namespace weft::testing {

using namespace std::chrono_literals;

}  // namespace weft::testing

// The threads of a test do not survive a fork, so the program is started anew.
#define WEFT_EXPECT_DEATH(statement, message)             \
  do {                                                    \
    GTEST_FLAG_SET(death_test_style, "threadsafe");       \
    EXPECT_DEATH(statement, message);                     \
  } while (false)

#endif  // WEFT_TESTS_CONCURRENCY_KIT_H_
