// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/concurrency/all.h>
#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;
using Function = std::function<Result<int>(const Context&)>;

Function After(Duration wait, int value) {
  return [=](const Context& c) -> Result<int> {
    if (Error err = Sleep(c, wait)) return err;
    return value;
  };
}

Function FailsAfter(Duration wait, const Error& error) {
  return [=](const Context& c) -> Result<int> {
    if (Error err = Sleep(c, wait)) return err;
    return error;
  };
}

TEST(First, TheFirstSuccessWinsAndTheLosersAreCanceledAndJoined) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    bool joined = false;
    const Result<int> out = First<int>(ctx, {
                                                After(10s, 1),
                                                After(2s, 2),
                                                FailsAfter(1s, Error::New("early")),
                                                [&](const Context& c) -> Result<int> {
                                                  EXPECT_TRUE(c.Wait().Is(kCanceled));
                                                  EXPECT_EQ(c.Cause().Message(), "another was first");
                                                  (void)Sleep(Background(), 3s);
                                                  joined = true;
                                                  return 3;
                                                },
                                            });
    ASSERT_TRUE(out.Ok());
    EXPECT_EQ(*out, 2);
    EXPECT_TRUE(joined);
    EXPECT_EQ(Now() - start, 5s);
    EXPECT_FALSE(ctx.Err());
  });
}

TEST(First, WhenAllFailTheErrorNamesAll) {
  Virtually([](const Context& ctx) {
    const Error a = Error::New("a is down");
    const Error err = First<int>(ctx, {FailsAfter(2s, a), FailsAfter(1s, Error::New("b is down")),
                                       [](const Context&) -> Result<int> { throw std::runtime_error("c threw"); }})
                          .Err();
    EXPECT_EQ(err.Message(), "all 3 failed: a is down; b is down; c threw");
    ASSERT_NE(err.As<AllFailed>(), nullptr);
    EXPECT_EQ(err.As<AllFailed>()->errors.size(), 3U);
    EXPECT_TRUE(err.As<AllFailed>()->errors[0].Is(a));
    EXPECT_TRUE(err.As<AllFailed>()->errors[2].Exception());
    EXPECT_FALSE(err.Is(kCanceled));
  });
}

TEST(First, ItsErrorIsEachThatItCarries) {
  Virtually([](const Context& ctx) {
    const Error a = Error::New("a is down");
    const Error inner = First<int>(ctx, {FailsAfter(1s, Error(std::errc::connection_refused).Wrap("dial")), FailsAfter(1s, kTooLarge)}).Err();
    const Error err = First<int>(ctx, {FailsAfter(1s, a), FailsAfter(1s, Error::With("b", 7)), FailsAfter(1s, inner.Wrap("c"))})
                          .Err()
                          .Wrap("ask all");
    EXPECT_TRUE(err.Is(a));
    EXPECT_TRUE(err.Is(std::errc::connection_refused)) << "wrapped, within another First";
    EXPECT_TRUE(err.Is(kTooLarge));
    EXPECT_TRUE(err.Is(inner));
    EXPECT_FALSE(err.Is(kTimeout));
    EXPECT_FALSE(err.Is(Error::New("a is down")));
    ASSERT_NE(err.As<int>(), nullptr);
    EXPECT_EQ(*err.As<int>(), 7);
    EXPECT_EQ(err.As<AllFailed>()->errors.size(), 3U) << "the outer one";
    EXPECT_FALSE(err.Code()) << "no single code stands for all";
  });
}

TEST(First, OfNothingIsAnError) {
  EXPECT_EQ(First<int>(Background(), {}).Err().Message(), "First: no function was given");
}

TEST(First, EndsWithItsContextAndSaysSo) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithTimeout(ctx, 1s);
    const Error err = First<int>(scope.ctx, {After(1h, 1), FailsAfter(1ms, Error::New("b is down"))}).Err();
    EXPECT_TRUE(err.Is(kDeadlineExceeded));
    EXPECT_NE(err.Message().find("b is down"), std::string::npos);
    EXPECT_TRUE(First<int>(scope.ctx, {[](const Context&) -> Result<int> {
                  ADD_FAILURE() << "under a done context nothing is called";
                  return 1;
                }})
                    .Err()
                    .Is(kDeadlineExceeded));
  });
}

TEST(First, WorksOnPlainThreadsAndWithMoveOnlyValues) {
  const auto out = First<std::unique_ptr<int>>(Background(), {
                                                                 [](const Context& c) -> Result<std::unique_ptr<int>> { return c.Wait(); },
                                                                 [](const Context&) -> Result<std::unique_ptr<int>> { return std::make_unique<int>(4); },
                                                             });
  ASSERT_TRUE(out.Ok());
  EXPECT_EQ(**out, 4);
}

TEST(First, HasOneWinnerOnManyThreads) {
  for (int i = 0; i < Rounds(200); ++i) {
    std::vector<Function> functions;
    for (int k = 0; k < 4; ++k) functions.push_back([k](const Context&) -> Result<int> { return k; });
    const Result<int> out = First<int>(Background(), std::move(functions));
    ASSERT_TRUE(out.Ok());
    EXPECT_LT(*out, 4);
  }
}

TEST(All, GivesAllValuesInTheirOrder) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    const auto out = All<int>(ctx, {After(3s, 1), After(1s, 2), After(2s, 3)});
    ASSERT_TRUE(out.Ok());
    EXPECT_EQ(*out, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(Now() - start, 3s) << "at the same time";
    EXPECT_TRUE(All<int>(ctx, std::vector<Function>())->empty());
  });
}

TEST(All, TheFirstErrorCancelsTheOthers) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    const auto out = All<int>(ctx, {After(1h, 1), FailsAfter(1s, Error::New("second")), After(0s, 3)});
    EXPECT_EQ(out.Err().Message(), "second");
    EXPECT_EQ(Now() - start, 1s);
    const auto thrown = All<int>(ctx, {[](const Context&) -> Result<int> { throw std::runtime_error("thrown"); }});
    EXPECT_TRUE(thrown.Err().Exception());
  });
}

// The group does not count its own cancellation as a failure, but a value is missing.
TEST(All, ACancelFromOutsideIsAnErrorHere) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_EQ(All<int>(scope.ctx, {After(1h, 1), After(0s, 2)}).Err().Message(), "context canceled: closing");
      EXPECT_TRUE(All(scope.ctx, After(1h, 1)).Err().Is(kCanceled));
    });
    EXPECT_FALSE(Sleep(ctx, 1s));
    scope.cancel(Error::New("closing"));
    EXPECT_FALSE(group.Wait());
  });
}

TEST(All, OfDifferentTypesGivesATuple) {
  Virtually([](const Context& ctx) {
    auto both = All(
        ctx, After(1s, 5), [](const Context&) -> Result<std::string> { return std::string("five"); },
        [](const Context&) -> Result<std::unique_ptr<int>> { return std::make_unique<int>(6); });
    ASSERT_TRUE(both.Ok());
    auto& [number, text, pointer] = *both;
    EXPECT_EQ(number, 5);
    EXPECT_EQ(text, "five");
    EXPECT_EQ(*pointer, 6);
    EXPECT_EQ(All(ctx, After(1h, 5), FailsAfter(1s, Error::New("bad"))).Err().Message(), "bad");
  });
}

}  // namespace
}  // namespace weft
