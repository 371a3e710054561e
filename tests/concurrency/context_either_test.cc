// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(WithEither, EndsWithEachOfTheTwoForItsReason) {
  const Error why = Error::New("why");
  for (const bool by_other : {false, true}) {
    const CancelScope parent = WithCancel(Background());
    const CancelScope other = WithCancel(Background());
    const CancelScope either = WithEither(parent.ctx, other.ctx);
    EXPECT_FALSE(either.ctx.Err());

    (by_other ? other : parent).cancel(why);

    EXPECT_TRUE(either.ctx.Err().Is(kCanceled));
    EXPECT_TRUE(either.ctx.Err().Is(why));
    EXPECT_TRUE(either.ctx.Cause().Is(why));
    EXPECT_FALSE((by_other ? parent : other).ctx.Err());
  }
}

TEST(WithEither, KeepsTheReasonOfTheFirst) {
  const CancelScope parent = WithCancel(Background());
  const CancelScope other = WithCancel(Background());
  const CancelScope either = WithEither(parent.ctx, other.ctx);

  other.cancel(Error::New("first"));
  parent.cancel(Error::New("second"));

  EXPECT_EQ(either.ctx.Cause().Message(), "first");
}

TEST(WithEither, ItsOwnCancelEndsNeitherOfTheTwo) {
  const CancelScope parent = WithCancel(Background());
  const CancelScope other = WithCancel(Background());
  const CancelScope either = WithEither(parent.ctx, other.ctx);

  either.cancel(Error::New("own"));
  other.cancel(Error::New("later"));

  EXPECT_EQ(either.ctx.Cause().Message(), "own");
  EXPECT_FALSE(parent.ctx.Err());
}

TEST(WithEither, IsDoneAtOnceIfOneOfTheTwoIs) {
  const CancelScope done = WithCancel(Background());
  done.cancel(Error::New("before"));

  EXPECT_EQ(WithEither(done.ctx, Background()).ctx.Cause().Message(), "before");
  EXPECT_EQ(WithEither(Background(), done.ctx).ctx.Cause().Message(), "before");
}

TEST(WithEither, AllBelowIsDoneWhenACancelOfTheOtherReturns) {
  const CancelScope other = WithCancel(Background());
  const CancelScope either = WithEither(Background(), other.ctx);
  const CancelScope child = WithCancel(either.ctx);
  const CancelScope next = WithEither(Background(), child.ctx);
  const CancelScope last = WithTimeout(next.ctx, 1h);

  other.cancel(Error::New("far above"));

  EXPECT_EQ(child.ctx.Cause().Message(), "far above");
  EXPECT_EQ(last.ctx.Cause().Message(), "far above");
}

TEST(WithEither, HasTheValuesOfItsParentOnly) {
  static constexpr Key<int> kOne{"one"}, kTwo{"two"};
  const Context parent = WithValue(Background(), kOne, 1);
  const Context other = WithValue(Background(), kTwo, 2);
  const CancelScope either = WithEither(parent, other);

  ASSERT_NE(either.ctx.Value(kOne), nullptr);
  EXPECT_EQ(*either.ctx.Value(kOne), 1);
  EXPECT_EQ(either.ctx.Value(kTwo), nullptr);
}

TEST(WithEither, TakesValuesFromOneAndTheEndFromTheOther) {
  static constexpr Key<int> kOne{"one"};
  const CancelScope request = WithCancel(WithValue(Background(), kOne, 1));
  const CancelScope service = WithCancel(Background());
  const CancelScope mail = WithEither(WithoutCancel(request.ctx), service.ctx);

  request.cancel();
  EXPECT_FALSE(mail.ctx.Err());
  EXPECT_EQ(*mail.ctx.Value(kOne), 1);

  service.cancel();
  EXPECT_TRUE(mail.ctx.Err());
}

TEST(WithEither, HasTheEarlierDeadlineWithItsCause) {
  const Error early = Error::New("early"), late = Error::New("late");
  for (const bool others_is_earlier : {false, true}) {
    Virtually([&](const Context& ctx) {
      const CancelScope one = WithTimeout(ctx, 1s, early);
      const CancelScope two = WithTimeout(ctx, 2s, late);
      const CancelScope either = others_is_earlier ? WithEither(two.ctx, one.ctx) : WithEither(one.ctx, two.ctx);
      const CancelScope child = WithCancel(either.ctx);
      EXPECT_EQ(either.ctx.Deadline(), one.ctx.Deadline());
      EXPECT_EQ(child.ctx.Deadline(), one.ctx.Deadline());

      const TimePoint before = Now();
      EXPECT_TRUE(child.ctx.Wait().Is(kDeadlineExceeded));

      EXPECT_EQ(Now() - before, 1s);
      EXPECT_TRUE(either.ctx.Cause().Is(early));
      EXPECT_TRUE(child.ctx.Cause().Is(early));
      EXPECT_FALSE(two.ctx.Err());
    });
  }
}

// Nobody has looked at the clock between the cancel and the deadline.
TEST(WithEither, ACancelBeforeTheDeadlineOfTheOtherIsItsReason) {
  Virtually([](const Context& ctx) {
    const CancelScope other = WithTimeout(ctx, 1s, Error::New("deadline"));
    const CancelScope either = WithEither(ctx, other.ctx);
    other.cancel(Error::New("cancel"));
    EXPECT_FALSE(Sleep(ctx, 2s));

    EXPECT_EQ(either.ctx.Cause().Message(), "cancel");
  });
}

TEST(WithEither, ADeadlineOfTheOtherThatHasPassedIsOlderThanACancel) {
  Virtually([](const Context& ctx) {
    const CancelScope other = WithTimeout(ctx, 1s, Error::New("deadline"));
    const CancelScope either = WithEither(ctx, other.ctx);
    EXPECT_FALSE(Sleep(ctx, 2s));

    either.cancel(Error::New("cancel"));

    EXPECT_EQ(either.ctx.Cause().Message(), "deadline");
    EXPECT_EQ(other.ctx.Cause().Message(), "deadline");
  });
}

TEST(WithEither, WakesWhoWaitsUnderIt) {
  Virtually([](const Context& ctx) {
    const CancelScope other = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        const CancelScope either = WithEither(c, other.ctx);
        EXPECT_TRUE(Sleep(either.ctx, 1h).Is(kCanceled));
        EXPECT_FALSE(c.Err());
      });
    }
    EXPECT_FALSE(Sleep(ctx, 1s));
    other.cancel();
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(Sleep(ctx, 1s));
  });
}

// What is gone must not stay in either of the two.
TEST(WithEither, LeavesBothWhenItIsGone) {
  const auto value = std::make_shared<int>(0);
  static constexpr Key<std::shared_ptr<int>> kValue{"value"};
  const CancelScope parent = WithCancel(Background());
  const CancelScope other = WithCancel(Background());
  for (int i = 0; i < 1000; ++i) {
    const CancelScope either = WithEither(WithValue(parent.ctx, kValue, value), other.ctx);
    if (i % 2 == 0) either.cancel();
  }

  EXPECT_EQ(value.use_count(), 1);
  other.cancel();
  parent.cancel();
}

TEST(WithEither, OfAnyDepthIsCanceledAndDestroyedWithoutRecursion) {
  constexpr int kDepth = 50'000;
  const CancelScope root = WithCancel(Background());
  std::vector<CancelScope> chain;
  chain.push_back(WithCancel(root.ctx));
  for (int i = 1; i < kDepth; ++i) {
    chain.push_back(i % 2 == 0 ? WithEither(chain.back().ctx, root.ctx) : WithEither(Background(), chain.back().ctx));
  }
  const Context deepest = chain.back().ctx;

  root.cancel(Error::New("all"));
  chain.clear();

  EXPECT_EQ(deepest.Cause().Message(), "all");
}

// Each is below the other's parent as well, so the two cancels meet in both of them, from both sides.
TEST(WithEither, CancelsOfBothAtOnceMeet) {
  for (int round = 0; round < Rounds(2000); ++round) {
    const CancelScope one = WithCancel(Background());
    const CancelScope two = WithCancel(Background());
    std::vector<CancelScope> scopes;
    for (int i = 0; i < 4; ++i) {
      scopes.push_back(WithEither(one.ctx, two.ctx));
      scopes.push_back(WithEither(two.ctx, one.ctx));
      scopes.push_back(WithCancel(scopes[scopes.size() - 1 - static_cast<std::size_t>(round % 2)].ctx));
      scopes.push_back(WithEither(scopes.back().ctx, scopes.front().ctx));
    }
    std::atomic<int> ready{0};
    std::vector<std::thread> threads;
    for (const CancelScope* scope : {&one, &two}) {
      threads.emplace_back([&, scope] {
        ready.fetch_add(1);
        while (ready.load() < 2) {
        }
        scope->cancel(Error::New("it"));
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const CancelScope& scope : scopes) EXPECT_EQ(scope.ctx.Cause().Message(), "it");
  }
}

TEST(WithEither, EndAndCancelOfTheOtherMeet) {
  for (int round = 0; round < Rounds(2000); ++round) {
    const CancelScope other = WithCancel(Background());
    auto either = std::make_unique<CancelScope>(WithEither(Background(), other.ctx));
    std::atomic<bool> go{false};
    std::thread canceler([&] {
      while (!go.load()) {
      }
      other.cancel();
    });
    go.store(true);
    either.reset();
    canceler.join();
  }
}

}  // namespace
}  // namespace weft
