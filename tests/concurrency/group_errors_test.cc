// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <memory>
#include <string>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

constexpr Key<int> kLevel{"level"};

TEST(GroupErrors, ComeInTheirOrderWithoutRepetitions) {
  Virtually([](const Context& ctx) {
    const Error one = Error::New("one");
    const Error two = Error::New("two");
    Group group(ctx);
    group.Go([&](const Context& c) { return (void)Sleep(c, 1s), one; });
    group.Go([&](const Context& c) { return c.Wait(); });
    group.Go([&](const Context& c) { return c.Wait().Wrap("wrapped"); });
    group.Go([&](const Context& c) { return (void)c.Wait(), c.Cause(); });
    group.Go([&](const Context& c) { return (void)c.Wait(), two; });

    const Error err = group.Wait();

    EXPECT_TRUE(err.Is(one));
    EXPECT_FALSE(err.Is(two)) << "only the first one is looked at";
    ASSERT_EQ(group.Errors().size(), 2U);
    EXPECT_TRUE(group.Errors()[0].Is(one));
    EXPECT_TRUE(group.Errors()[1].Is(two));
  });
}

TEST(GroupErrors, TheGroupsOwnCancellationIsNoFailure) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Group group(scope.ctx);
    group.Go([](const Context& c) { return c.Wait(); });
    group.Go([](const Context& c) { return c.Wait().Wrap("accept"); });
    group.Go([](const Context& c) { return (void)c.Wait(), c.Cause(); });
    Settle(ctx);

    group.Cancel(Error::New("enough"));
    scope.cancel(Error::New("the parent's end comes second"));

    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(group.Errors().empty());
  });
}

// Work was cut short that somebody asked for: a caller that goes on has only part of it.
TEST(GroupErrors, TheParentsCancellationIsAFailureForWhoReturnsIt) {
  const Error why = Error::New("server closing");
  const std::function<Error(const Context&)> members[] = {
      [](const Context& c) { return c.Wait(); },
      [](const Context& c) { return c.Wait().Wrap("ask for the price"); },
      [](const Context& c) { return (void)c.Wait(), c.Cause(); },
  };
  for (const auto& member : members) {
    Virtually([&](const Context& ctx) {
      const CancelScope outer = WithCancel(ctx);
      const CancelScope inner = WithCancel(WithValue(outer.ctx, kLevel, 2));
      Group group(inner.ctx);
      group.Go(member);
      group.Go(member);
      group.Go([](const Context& c) { (void)c.Wait(); });
      Settle(ctx);

      outer.cancel(why);

      EXPECT_TRUE(group.Wait().Is(why));
      EXPECT_EQ(group.Errors().size(), 1U) << "the others repeat it";
    });
  }
}

TEST(GroupErrors, AGroupBuiltUnderACanceledParentIsCanceled) {
  const CancelScope scope = WithCancel(Background());
  scope.cancel();
  Group group(scope.ctx);  // of threads, which start under it
  EXPECT_TRUE(group.Go([](const Context& c) { return c.Err(); }));

  EXPECT_TRUE(group.Wait().Is(kCanceled));
}

TEST(GroupErrors, MembersThatReturnNothingOnTheParentsCancellationHaveNotFailed) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Group group(scope.ctx);
    group.Go([](const Context& c) { (void)c.Wait(); });
    group.Go([](const Context& c) { return IgnoreCanceled(c.Wait()); });
    Settle(ctx);

    scope.cancel();

    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(group.Errors().empty());
  });
}

// Which of the two ended the group is not told by the errors, which may be the same ones.
TEST(GroupErrors, AfterAnErrorTheParentsCancellationAddsNothing) {
  Virtually([](const Context& ctx) {
    const Error same = Error::New("the same");
    const CancelScope scope = WithCancel(ctx);
    Group group(scope.ctx);
    group.Go([&](const Context& c) { return (void)Sleep(c, 1s), same; });
    group.Go([](const Context& c) { return (void)c.Wait(), c.Cause(); });
    EXPECT_FALSE(Sleep(ctx, 2s));

    scope.cancel(same);

    EXPECT_TRUE(group.Wait().Is(same));
    EXPECT_EQ(group.Errors().size(), 1U);
  });
}

TEST(GroupErrors, AFailureWhileDrainingIsOne) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Group group(scope.ctx);
    group.Go([](const Context& c) { return (void)c.Wait(), Error::New("cut off two requests"); });
    Settle(ctx);

    scope.cancel();

    EXPECT_EQ(group.Wait().Message(), "cut off two requests");
  });
}

// Somebody asked for the work, and it was not done in time.
TEST(GroupErrors, TheDeadlineIsAFailure) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithTimeout(ctx, 1s, Error::New("profile"));
    Group group(scope.ctx);
    group.Go([](const Context& c) { return Sleep(c, 1h); });
    group.Go([](const Context& c) { return Sleep(c, 1h); });

    const Error err = group.Wait();

    EXPECT_TRUE(err.Is(kDeadlineExceeded));
    EXPECT_EQ(err.Message(), "deadline exceeded: profile");
    EXPECT_EQ(group.Errors().size(), 1U);
  });
}

TEST(GroupErrors, ACancellationOfItsOwnIsAFailure) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    group.Go([](const Context& c) {
      const CancelScope own = WithCancel(c);
      own.cancel(Error::New("gave up"));
      return own.ctx.Err();
    });

    EXPECT_EQ(group.Wait().Message(), "context canceled: gave up");
  });
}

TEST(GroupRefusal, UnderADoneContextNothingStarts) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    scope.cancel(Error::New("closing"));
    Group group(scope.ctx);
    const auto held = std::make_shared<int>(1);
    bool ran = false;

    EXPECT_FALSE(group.Go([&ran, held](const Context&) { ran = true; }));
    EXPECT_FALSE(group.TryGo([&ran, held](const Context&) { ran = true; }));

    EXPECT_EQ(held.use_count(), 1) << "a refused function is destroyed at once";
    EXPECT_EQ(group.Wait().Message(), "closing") << "it shows in Wait";
    EXPECT_FALSE(ran);
  });
}

TEST(GroupRefusal, IsTheContextsErrorAsWell) {
  Virtually([](const Context& ctx) {
    const Error closing = Error::New("closing");
    const CancelScope canceled = WithCancel(ctx);
    canceled.cancel(closing);
    const CancelScope late = WithTimeout(ctx, -1s, closing);
    for (const bool deadline : {false, true}) {
      Group group(deadline ? late.ctx : canceled.ctx);
      EXPECT_FALSE(group.Go([](const Context&) {}));

      const Error err = group.Wait();

      EXPECT_TRUE(err.Is(closing));
      EXPECT_TRUE(err.Is(deadline ? kDeadlineExceeded : kCanceled));
      EXPECT_EQ(static_cast<bool>(IgnoreCanceled(err)), deadline) << "a main that is told to stop before it has begun has not failed";
    }
  });
}

TEST(GroupRefusal, DoesNotHideAnError) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    group.Go([](const Context&) { return Error::New("first"); });
    Settle(ctx);
    EXPECT_FALSE(group.Go([](const Context&) {}));

    EXPECT_EQ(group.Wait().Message(), "first");
    EXPECT_EQ(group.Errors().size(), 1U);
  });
}

TEST(GroupRefusal, AfterWaitNothingStarts) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    EXPECT_FALSE(group.Wait());

    EXPECT_FALSE(group.Go([](const Context&) {}));

    EXPECT_TRUE(group.Wait().Is(kCanceled));
  });
}

TEST(GroupLimit, IsNeverExceeded) {
  Virtually([](const Context& ctx) {
    int running = 0;
    int most = 0;
    int runs = 0;
    Group group(ctx, {.limit = 3});
    for (int i = 0; i < 1024; ++i) {
      EXPECT_TRUE(group.Go([&, i](const Context& c) {
        most = std::max(most, ++running);
        (void)Sleep(c, std::chrono::milliseconds(i % 7));
        --running;
        ++runs;
      }));
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(most, 3);
    EXPECT_EQ(runs, 1024);
  });
}

TEST(GroupLimit, AFullGoStopsWaitingWhenTheGroupIsCanceled) {
  Virtually([](const Context& ctx) {
    Group group(ctx, {.limit = 1});
    group.Go([](const Context& c) { return (void)Sleep(c, 1s), Error::New("failed"); });

    EXPECT_FALSE(group.Go([](const Context&) {}));

    EXPECT_EQ(group.Wait().Message(), "failed");
  });
}

TEST(GroupLimit, AFullTryGoDoesNotShowInWait) {
  Virtually([](const Context& ctx) {
    Group group(ctx, {.limit = 1});
    EXPECT_TRUE(group.TryGo("a", [](const Context& c) { return Sleep(c, 1s); }));
    EXPECT_FALSE(group.TryGo("b", [](const Context&) {}));
    EXPECT_FALSE(Sleep(ctx, 2s));
    EXPECT_TRUE(group.TryGo("c", [](const Context&) {})) << "there is a place again";

    EXPECT_FALSE(group.Wait());
  });
}

TEST(GroupLimit, MayBeChangedAndLifted) {
  Virtually([](const Context& ctx) {
    Group group(ctx, {.limit = 1});
    const auto sleep = [](const Context& c) { return Sleep(c, 1s); };
    EXPECT_TRUE(group.TryGo(sleep));
    EXPECT_FALSE(group.TryGo(sleep));
    group.SetLimit(2);
    EXPECT_TRUE(group.TryGo(sleep));
    EXPECT_FALSE(group.TryGo(sleep));
    group.SetLimit(1);
    EXPECT_FALSE(group.TryGo(sleep)) << "those that run go on, nobody starts";
    group.SetLimit(0);
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(group.TryGo(sleep));
    EXPECT_FALSE(group.Wait());
  });
}

TEST(GroupLimit, LiftingItWakesAllWhoWaitForAPlace) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    Group group(ctx, {.limit = 1});
    group.Go([](const Context& c) { return Sleep(c, 1h); });
    Group callers(ctx);
    for (int i = 0; i < 3; ++i) {
      callers.Go([&](const Context&) { EXPECT_TRUE(group.Go([](const Context&) {})); });
    }
    Settle(ctx);

    group.SetLimit(0);
    EXPECT_FALSE(callers.Wait());

    EXPECT_LT(Now() - start, 1s);
    group.Cancel();
  });
}

}  // namespace
}  // namespace weft
