// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONCURRENCY_EXPLORE_KIT_H_
#define WEFT_TESTS_CONCURRENCY_EXPLORE_KIT_H_

#include <functional>
#include <utility>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing_explore.h>

#include "kit.h"

// What the explore_*_test.cc share. Each of them must catch the breaks that tests/mutation/ lists for its tool.
namespace weft::testing {

// Runs `body` in many orders of its fibers; a failed EXPECT ends it.
inline void Exploring(std::function<void(const Context&)> body, int schedules = 1000) {
  const Error err = Explore({.schedules = Rounds(schedules), .failed = [] { return ::testing::Test::HasFailure(); }},
                            [&](const Context& ctx) { body(ctx); });
  EXPECT_FALSE(err) << err.Message();
}

// A place for one at a time.
class Room {
 public:
  void Enter() {
    EXPECT_FALSE(taken_) << "two in one room";
    taken_ = true;
  }
  void Leave() { taken_ = false; }

 private:
  bool taken_ = false;
};

}  // namespace weft::testing

#endif  // WEFT_TESTS_CONCURRENCY_EXPLORE_KIT_H_
