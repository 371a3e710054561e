// SPDX-License-Identifier: Apache-2.0
#include <cstdint>

#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/scope.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Scope, WorkIsPassedOnToTheMembersOfGroups) {
  Virtually([](const Context& ctx) {
    EXPECT_EQ(CurrentScope().work, 0U);
    std::uint64_t first = 0;
    {
      const ScopedWork work;
      first = CurrentScope().work;
      EXPECT_NE(first, 0U);
      Group group(ctx);
      group.Go([&](const Context& c) {
        EXPECT_EQ(CurrentScope().work, first);
        const StopFunc stop = AfterFunc(c, [&] { EXPECT_EQ(CurrentScope().work, first); });
      });
      EXPECT_FALSE(group.Wait());
    }
    EXPECT_EQ(CurrentScope().work, 0U);
    const ScopedWork other;
    EXPECT_NE(CurrentScope().work, first);
    EXPECT_EQ(CurrentScope().loop, Loop::Current());
  });
  EXPECT_EQ(CurrentScope(), Scope());
}

TEST(ReusableContext, IsNewForEachUse) {
  static constexpr Key<int> kKey{"key"};
  Virtually([](const Context& ctx) {
    ReusableContext reusable(WithValue(ctx, kKey, 3));
    const Error first = Error::New("first");
    const Error second = Error::New("second");
    const Context& one = reusable.Begin(Now() + 1s, first);
    EXPECT_EQ(*one.Value(kKey), 3);
    EXPECT_FALSE(Sleep(ctx, 2s));
    EXPECT_TRUE(one.Cause().Is(first));
    reusable.End(kClosed);

    const Context& two = reusable.Begin(Now() + 1s, second);
    EXPECT_FALSE(two.Err());
    EXPECT_FALSE(Sleep(ctx, 2s));
    EXPECT_TRUE(two.Cause().Is(second)) << two.Cause().Message();
    reusable.End(kClosed);

    const Context& three = reusable.Begin(TimePoint::max(), second);
    EXPECT_FALSE(three.Deadline());
    reusable.Cancel(kClientGone);
    EXPECT_TRUE(three.Cause().Is(kClientGone));
    reusable.End(kClosed);
  });
}

TEST(ReusableContext, EndCancelsWhatOthersKept) {
  Virtually([](const Context& ctx) {
    ReusableContext reusable(ctx);
    const Context kept = reusable.Begin(TimePoint::max(), {});
    const CancelScope child = WithCancel(kept);

    reusable.End(kClosed);
    const Context& next = reusable.Begin(TimePoint::max(), {});

    EXPECT_TRUE(kept.Cause().Is(kClosed));
    EXPECT_TRUE(child.ctx.Cause().Is(kClosed));
    EXPECT_FALSE(next.Err());
    reusable.End(kClosed);
  });
}

// A fiber that waited under the deadline goes on to wait when it is taken away.
TEST(ReusableContext, ADroppedDeadlineWakesNobody) {
  Virtually([](const Context& ctx) {
    ReusableContext reusable(ctx);
    const Context& request = reusable.Begin(Now() + 5s, {});
    const TimePoint start = Now();
    Group group(ctx);
    group.Go([&](const Context&) {
      EXPECT_FALSE(Sleep(request, 30s));
      EXPECT_EQ(Now() - start, 30s);
    });
    group.Go([&](const Context&) { EXPECT_TRUE(request.Wait().Is(kCanceled)); });
    EXPECT_FALSE(Sleep(ctx, 1s));

    reusable.DropDeadline();
    EXPECT_FALSE(Sleep(ctx, 1min));
    EXPECT_FALSE(request.Err());
    reusable.Cancel(kClosed);

    EXPECT_FALSE(group.Wait());
    reusable.End(kClosed);
  });
}

}  // namespace
}  // namespace weft
