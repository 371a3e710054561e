// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/result.h>

#include <memory>
#include <string>
#include <type_traits>

#include "kit.h"

namespace weft {
namespace {

static_assert(!std::is_constructible_v<bool, Result<int>>, "a Result must not be taken for a truth value");

TEST(Result, HoldsAValueOrAnError) {
  const Result<std::string> value(std::string("text"));
  const Result<std::string> error(kClosed);

  EXPECT_TRUE(value.Ok());
  EXPECT_FALSE(value.Err());
  EXPECT_EQ(*value, "text");
  EXPECT_EQ(value->size(), 4U);
  EXPECT_FALSE(error.Ok());
  EXPECT_TRUE(error.Err().Is(kClosed));
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  Result<std::unique_ptr<int>> moved(std::move(result));

  const std::unique_ptr<int> taken = *std::move(moved);

  EXPECT_EQ(*taken, 7);
}

TEST(Result, AssignmentGoesBetweenValueAndError) {
  Result<std::string> result(kClosed);

  result = std::string("now a value");
  EXPECT_EQ(*result, "now a value");
  result = Result<std::string>(kTimeout);
  EXPECT_TRUE(result.Err().Is(kTimeout));
  const Result<std::string>& same = result;
  result = same;
  EXPECT_TRUE(result.Err().Is(kTimeout));
}

TEST(Result, WorksWithTypesThatHaveNoDefault) {
  struct NoDefault {
    explicit NoDefault(int v) : value(v) {}
    int value;
  };

  EXPECT_EQ(Result<NoDefault>(NoDefault(3))->value, 3);
  EXPECT_FALSE(Result<NoDefault>(kClosed).Ok());
}

TEST(ResultDeathTest, ValueOfAFailedOneAborts) {
  WEFT_EXPECT_DEATH((void)*Result<int>(kClosed), "Result::operator\\*: a failed Result has no value");
}

TEST(ResultDeathTest, AnEmptyErrorIsNoFailure) { WEFT_EXPECT_DEATH((void)Result<int>(Error()), "an empty Error is not a failure"); }

}  // namespace
}  // namespace weft
