// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/context.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

constexpr Key<std::string> kName{"name"};
constexpr Key<std::string> kOther{"other"};

TEST(Context, BackgroundIsNeverDone) {
  const Context ctx = Background();

  EXPECT_FALSE(ctx.Err());
  EXPECT_FALSE(ctx.Cause());
  EXPECT_FALSE(ctx.Deadline());
  EXPECT_EQ(ctx.Value(kName), nullptr);
}

TEST(Context, ChildOfADoneParentIsBornDone) {
  const CancelScope parent = WithCancel(Background());
  parent.cancel(Error::New("why"));

  const CancelScope child = WithCancel(parent.ctx);

  EXPECT_TRUE(child.ctx.Err().Is(kCanceled));
  EXPECT_EQ(child.ctx.Cause().Message(), "why");
  EXPECT_EQ(child.ctx.Err().Message(), "context canceled: why");
}

// A parent that was canceled before its deadline gives its children a cancellation, also after that deadline.
TEST(Context, ChildBornAfterTheParentsDeadlineHasTheParentsError) {
  Virtually([](const Context& ctx) {
    const CancelScope parent = WithTimeout(ctx, 5s);
    parent.cancel(Error::New("first"));
    EXPECT_FALSE(Sleep(ctx, 10s));

    const CancelScope child = WithCancel(parent.ctx);
    const CancelScope overdue = WithDeadline(parent.ctx, Now() - 1s);

    for (const Context& each : {child.ctx, overdue.ctx}) {
      EXPECT_TRUE(each.Err().Is(kCanceled));
      EXPECT_FALSE(each.Err().Is(kDeadlineExceeded));
      EXPECT_EQ(each.Cause().Message(), "first");
    }
  });
}

TEST(Context, ChildOfACanceledParentHasItsErrorWhateverItsDeadline) {
  const CancelScope parent = WithCancel(Background());
  parent.cancel();

  EXPECT_TRUE(WithDeadline(parent.ctx, TimePoint::min()).ctx.Err().Is(kCanceled));
}

TEST(Context, TheParentsDeadlineWinsOverAnEqualOneOfTheChild) {
  Virtually([](const Context& ctx) {
    const TimePoint due = Now() + 1s;
    const CancelScope parent = WithDeadline(ctx, due, Error::New("parent"));
    const CancelScope child = WithDeadline(parent.ctx, due, Error::New("child"));
    EXPECT_FALSE(Sleep(ctx, 1s));

    EXPECT_EQ(child.ctx.Cause().Message(), "parent");
    EXPECT_EQ(parent.ctx.Cause().Message(), "parent");
  });
}

// A deadline is seen only when somebody looks; whether that was before the child was made must not matter.
TEST(Context, ChildOfAnOverdueParentHasTheParentsErrorEvenIfUnchecked) {
  for (const bool look : {false, true}) {
    Virtually([look](const Context& ctx) {
      const TimePoint start = Now();
      const CancelScope parent = WithTimeout(ctx, 2s, Error::New("parent"));
      const Context middle = WithValue(parent.ctx, kName, "v");
      EXPECT_FALSE(Sleep(ctx, 3s));
      if (look) {
        EXPECT_TRUE(middle.Err());
      }

      EXPECT_EQ(WithDeadline(middle, start + 1s, Error::New("child")).ctx.Cause().Message(), "parent");
      EXPECT_EQ(WithTimeout(middle, -2s, Error::New("child")).ctx.Cause().Message(), "parent");
    });
  }
}

TEST(Context, CancelIsSynchronousForAllDescendants) {
  const CancelScope root = WithCancel(Background());
  std::vector<CancelScope> scopes;
  scopes.push_back(WithCancel(root.ctx));
  for (int i = 0; i < 50; ++i) {
    scopes.push_back(WithCancel(WithValue(scopes[static_cast<std::size_t>(i) / 2].ctx, kName, std::to_string(i))));
  }

  root.cancel();

  for (const CancelScope& scope : scopes) EXPECT_TRUE(scope.ctx.Err().Is(kCanceled));
}

TEST(Context, ScopeCancelsAtItsEnd) {
  Context kept;
  {
    const CancelScope scope = WithCancel(Background());
    kept = scope.ctx;
    EXPECT_FALSE(kept.Err());
  }
  EXPECT_TRUE(kept.Err().Is(kCanceled));
}

// However the cancel function goes: with its scope, with the temporary that made it, or when another one takes its place.
TEST(Context, SaysSoIfItsScopeIsGone) {
  std::vector<Context> gone;
  gone.push_back(WithCancel(Background()).ctx);
  {
    const CancelScope scope = WithTimeout(Background(), 1h, Error::New("of the deadline, which has not passed"));
    gone.push_back(scope.ctx);
    gone.push_back(WithCancel(WithValue(scope.ctx, kName, "below it")).ctx);
  }
  CancelScope again = WithCancel(Background());
  gone.push_back(again.ctx);
  again = WithCancel(Background());
  CancelFunc function = std::move(again.cancel);
  gone.push_back(again.ctx);
  function = CancelFunc();
  gone.push_back(WithCancel(gone.front()).ctx);

  for (const Context& ctx : gone) {
    EXPECT_EQ(ctx.Cause().Message(), "the CancelScope of this context is gone");
    EXPECT_TRUE(ctx.Cause().Is(kCanceled));
    EXPECT_TRUE(ctx.Err().Is(kCanceled));
    EXPECT_EQ(ctx.Err().Code(), make_error_code(Errc::kCanceled));
    EXPECT_EQ(ctx.Err().Message(), "context canceled: the CancelScope of this context is gone");
  }
}

TEST(Context, ACallOfTheCancelFunctionIsNotTheEndOfItsScope) {
  Context ctx;
  {
    const CancelScope scope = WithCancel(Background());
    ctx = scope.ctx;
    scope.cancel();
  }
  EXPECT_EQ(ctx.Cause().Message(), "context canceled");
  EXPECT_EQ(ctx.Err().Message(), "context canceled");
}

TEST(Context, DeadlineIsTheEarliestOfTheAncestors) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    const CancelScope outer = WithTimeout(ctx, 5s);
    const CancelScope later = WithTimeout(outer.ctx, 10s);
    const CancelScope earlier = WithTimeout(outer.ctx, 2s);

    EXPECT_EQ(*later.ctx.Deadline() - start, 5s);
    EXPECT_EQ(*earlier.ctx.Deadline() - start, 2s);
    EXPECT_FALSE(WithoutCancel(earlier.ctx).Deadline());
  });
}

TEST(Context, AnEndlessTimeoutIsNoDeadline) {
  const CancelScope scope = WithTimeout(Background(), Duration::max());

  EXPECT_FALSE(scope.ctx.Err());
  EXPECT_FALSE(scope.ctx.Deadline());
}

TEST(Context, PastDeadlineIsDoneAtOnce) {
  const CancelScope scope = WithDeadline(Background(), Now() - 1s);

  EXPECT_TRUE(scope.ctx.Err().Is(kDeadlineExceeded));
  scope.cancel();
  EXPECT_TRUE(scope.ctx.Err().Is(kDeadlineExceeded));
}

// Deadlines are pulled: code that never blocks sees them too.
TEST(Context, ErrReadsTheClock) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_FALSE(Sleep(ctx, 1s));

    EXPECT_TRUE(scope.ctx.Err().Is(kDeadlineExceeded));
  });
}

TEST(Context, WaitEndsAtTheDeadline) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    const CancelScope scope = WithTimeout(ctx, 3s, Error::New("too slow"));
    const CancelScope child = WithCancel(scope.ctx);

    const Error err = child.ctx.Wait();

    EXPECT_EQ(err.Message(), "deadline exceeded: too slow");
    EXPECT_EQ(Now() - start, 3s);
  });
}

TEST(Context, WaitEndsWithACancelFromAnotherFiber) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) {
      (void)Sleep(ctx, 1s);
      scope.cancel(Error::New("enough"));
    });

    EXPECT_EQ(scope.ctx.Wait().Message(), "context canceled: enough");
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Context, WaitWorksOnAPlainThread) {
  const CancelScope scope = WithCancel(Background());
  std::thread canceler([&] { scope.cancel(Error::New("from a thread")); });

  const Error err = scope.ctx.Wait();
  canceler.join();

  EXPECT_EQ(err.Message(), "context canceled: from a thread");
  const CancelScope timed = WithTimeout(Background(), 1ms);
  EXPECT_TRUE(timed.ctx.Wait().Is(kDeadlineExceeded));
}

TEST(Context, ValuesAreFoundByTheAddressOfTheirKey) {
  const Context one = WithValue(Background(), kName, "outer");
  const Context two = WithValue(WithCancel(one).ctx, kOther, "x");
  const Context three = WithValue(two, kName, "inner");

  EXPECT_EQ(*two.Value(kName), "outer");
  EXPECT_EQ(*three.Value(kName), "inner");
  EXPECT_EQ(*three.Value(kOther), "x");
  EXPECT_EQ(one.Value(kOther), nullptr);
}

struct alignas(64) Wide {
  int number;
};

TEST(Context, ValuesLieWhereTheirTypeMustLie) {
  static constexpr Key<Wide> kWide{"wide"};
  static constexpr Key<char> kNarrow{"narrow"};
  Context ctx = Background();
  for (int i = 0; i < 20; ++i) {
    ctx = WithValue(WithValue(ctx, kNarrow, static_cast<char>(i)), kWide, Wide{i});
    const Wide* wide = ctx.Value(kWide);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(wide) % 64, 0u);
    EXPECT_EQ(wide->number, i);
    EXPECT_EQ(*ctx.Value(kNarrow), i);
  }
}

// Can be copied by the caller, but not be moved into the context.
struct Immovable {
  explicit Immovable(std::shared_ptr<int> s) : shared(std::move(s)) {}
  Immovable(const Immovable&) = default;
  Immovable(Immovable&& other) : shared(other.shared) { throw std::runtime_error("not moved"); }
  std::shared_ptr<int> shared;
};

TEST(Context, AnUnmovableValueLeavesNothingBehind) {
  static constexpr Key<Immovable> kImmovable{"immovable"};
  const auto shared = std::make_shared<int>(1);
  {
    const Immovable value(shared);
    EXPECT_THROW((void)WithValue(Background(), kImmovable, value), std::runtime_error);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(Context, WithoutCancelKeepsValuesOnly) {
  const CancelScope scope = WithTimeout(WithValue(Background(), kName, "v"), 1h);
  scope.cancel();

  const Context detached = WithoutCancel(scope.ctx);

  EXPECT_FALSE(detached.Err());
  EXPECT_FALSE(detached.Cause());
  EXPECT_FALSE(detached.Deadline());
  EXPECT_EQ(*detached.Value(kName), "v");
}

TEST(Context, ValueIsDestroyedWithTheLastContextThatCarriesIt) {
  const auto shared = std::make_shared<int>(1);
  static constexpr Key<std::shared_ptr<int>> kShared{"shared"};
  {
    Context child;
    {
      const Context ctx = WithValue(Background(), kShared, shared);
      child = WithCancel(ctx).ctx;
    }
    EXPECT_EQ(shared.use_count(), 2);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

}  // namespace
}  // namespace weft
