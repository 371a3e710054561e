// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(AfterFunc, RunsOnceAfterTheCancel) {
  Virtually([](const Context& ctx) {
    int runs = 0;
    const CancelScope scope = WithCancel(ctx);
    StopFunc stop = AfterFunc(scope.ctx, [&] { ++runs; });
    Settle(ctx);
    EXPECT_EQ(runs, 0);

    scope.cancel();
    EXPECT_EQ(runs, 0) << "never inside of the cancel";
    Settle(ctx);

    EXPECT_EQ(runs, 1);
    EXPECT_FALSE(stop());
  });
}

TEST(AfterFunc, RunsAtOnceUnderADoneContext) {
  Virtually([](const Context& ctx) {
    bool ran = false;
    const CancelScope scope = WithCancel(ctx);
    scope.cancel();

    StopFunc stop = AfterFunc(scope.ctx, [&] { ran = true; });
    Settle(ctx);

    EXPECT_TRUE(ran);
  });
}

TEST(AfterFunc, TheCurrentContextHasTheValuesAndIsLive) {
  static constexpr Key<int> kKey{"number"};
  const auto check = [](int expected) {
    const Context current = CurrentContext();
    ASSERT_NE(current.Value(kKey), nullptr);
    EXPECT_EQ(*current.Value(kKey), expected);
    EXPECT_FALSE(current.Err());
  };
  Virtually([&](const Context& ctx) {
    const CancelScope scope = WithCancel(WithValue(ctx, kKey, 1));
    Event ran;
    StopFunc stop = AfterFunc(scope.ctx, [&] {
      check(1);
      ran.Set();
    });
    scope.cancel();
    EXPECT_FALSE(ran.Wait(ctx));
  });
  // On a plain thread.
  const CancelScope scope = WithCancel(WithValue(Background(), kKey, 2));
  Event ran;
  StopFunc stop = AfterFunc(scope.ctx, [&] {
    check(2);
    ran.Set();
  });
  scope.cancel();
  EXPECT_FALSE(ran.Wait(Background()));
}

// To wait on a context in any way arms its deadline.
TEST(AfterFunc, RunsAtTheDeadline) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    TimePoint ran_at;
    const CancelScope scope = WithTimeout(ctx, 3s);
    const CancelScope child = WithCancel(scope.ctx);
    StopFunc stop = AfterFunc(child.ctx, [&] { ran_at = Now(); });

    EXPECT_FALSE(Sleep(ctx, 10s));

    EXPECT_EQ(ran_at - start, 3s);
  });
}

TEST(AfterFunc, DoesNotRunWhenStopped) {
  Virtually([](const Context& ctx) {
    bool ran = false;
    const CancelScope scope = WithTimeout(ctx, 1s);
    StopFunc stop = AfterFunc(scope.ctx, [&] { ran = true; });

    EXPECT_TRUE(stop());
    EXPECT_FALSE(stop()) << "a second call";
    scope.cancel();
    EXPECT_FALSE(Sleep(ctx, 2s));

    EXPECT_FALSE(ran);
  });
}

TEST(AfterFunc, NeverRunsUnderBackground) {
  Virtually([](const Context&) {
    bool ran = false;
    { const StopFunc stop = AfterFunc(Background(), [&] { ran = true; }); }

    EXPECT_FALSE(ran);
  });
}

TEST(AfterFunc, EndOfTheStopFuncStopsIt) {
  Virtually([](const Context& ctx) {
    bool ran = false;
    const CancelScope scope = WithCancel(ctx);
    { const StopFunc stop = AfterFunc(scope.ctx, [&] { ran = true; }); }

    scope.cancel();
    Settle(ctx);

    EXPECT_FALSE(ran);
  });
}

TEST(AfterFunc, EndOfTheStopFuncWaitsForAFunctionThatRuns) {
  Virtually([](const Context& ctx) {
    bool ended = false;
    const CancelScope scope = WithCancel(ctx);
    {
      const StopFunc stop = AfterFunc(scope.ctx, [&] {
        (void)Sleep(Background(), 5s);
        ended = true;
      });
      scope.cancel();
      Settle(ctx);
    }
    EXPECT_TRUE(ended);
  });
}

TEST(AfterFunc, ItsOwnFunctionMayEndTheStopFunc) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    bool ended = false;
    std::unique_ptr<StopFunc> stop;
    stop = std::make_unique<StopFunc>(AfterFunc(scope.ctx, [&] {
      stop.reset();
      ended = true;
    }));

    scope.cancel();
    Settle(ctx);

    EXPECT_TRUE(ended);
  });
}

TEST(AfterFunc, ManyOfOneContextAreIndependent) {
  Virtually([](const Context& ctx) {
    int runs = 0;
    const CancelScope scope = WithCancel(ctx);
    std::vector<StopFunc> stops;
    for (int i = 0; i < 10; ++i) stops.push_back(AfterFunc(scope.ctx, [&] { ++runs; }));
    EXPECT_TRUE(stops[3]());

    scope.cancel();
    Settle(ctx);

    EXPECT_EQ(runs, 9);
  });
}

// A function cancels a sibling, which cancels another one (interlocked cancels).
TEST(AfterFunc, MayCancelOtherContexts) {
  Virtually([](const Context& ctx) {
    const CancelScope parent = WithCancel(ctx);
    const CancelScope child = WithCancel(parent.ctx);
    const CancelScope other = WithCancel(ctx);
    StopFunc first = AfterFunc(parent.ctx, [&] { other.cancel(); });
    StopFunc second = AfterFunc(other.ctx, [&] {
      child.cancel();
      parent.cancel();
    });

    parent.cancel();

    EXPECT_TRUE(child.ctx.Wait().Is(kCanceled));
    EXPECT_TRUE(other.ctx.Wait().Is(kCanceled));
  });
}

TEST(AfterFunc, IsListedUnderItsOwner) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Event go;
    StopFunc stop = AfterFunc(scope.ctx, [&] { EXPECT_FALSE(go.Wait(Background())); });
    scope.cancel();
    Settle(ctx);

    const std::string tree = FormatFiberTree(ListFibers());
    go.Set();

    EXPECT_NE(tree.find("\n  AfterFunc  "), std::string::npos) << tree;
  });
}

}  // namespace
}  // namespace weft
