// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/result.h>

#include <memory>
#include <string>
#include <type_traits>

#include "fragile.h"
#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

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

// What must hold after an assignment that threw: an Ok Result has a value that is alive, and each value ends once.
template <class T>
void AssignmentsThatThrow(bool keeps_the_old) {
  T::Reset();
  {
    using R = Result<T>;
    R value = T(1), other = T(2), failed = kClosed;
    const R& constant = other;
    T::state.copies_left = 0;
    EXPECT_ANY_THROW(value = constant);
    EXPECT_ANY_THROW(failed = constant);
    EXPECT_TRUE(failed.Err().Is(kClosed)) << "an Error stays";
    if constexpr (!std::is_nothrow_move_constructible_v<T>) {
      EXPECT_ANY_THROW(value = std::move(other));
      EXPECT_ANY_THROW(failed = std::move(other));
      EXPECT_ANY_THROW(R moved(std::move(other)));
      EXPECT_TRUE(failed.Err().Is(kClosed));
    }
    T::state.copies_left = -1;
    EXPECT_EQ(value.Ok(), keeps_the_old);
    if (value.Ok()) {
      EXPECT_EQ(value->number, 1);
    } else {
      EXPECT_FALSE(value.Err().Message().empty());
    }
    EXPECT_EQ(other->number, 2);
    value = other;
    EXPECT_EQ(value->number, 2) << "it goes on as usual";
    value = R(kTimeout);
    EXPECT_TRUE(value.Err().Is(kTimeout));
  }
  EXPECT_EQ(T::state.alive, 0);
}

TEST(Result, AThrowingAssignmentLeavesAValueOrAnError) {
  AssignmentsThatThrow<FragileCopy>(true);
  AssignmentsThatThrow<FragileMove>(true);
  AssignmentsThatThrow<FragileConst>(false);
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
