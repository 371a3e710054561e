// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/context.h>

#include <atomic>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/mutex.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ExploreContext, ACancelReachesAllThatWaitBelow) {
  Exploring([](const Context& ctx) {
    const Error cause = Error::New("cause");
    const CancelScope top = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        const CancelScope middle = WithCancel(top.ctx);
        const CancelScope own = WithTimeout(i % 2 == 0 ? middle.ctx : top.ctx, 1h);
        const Error err = i < 2 ? own.ctx.Wait() : Sleep(own.ctx, 30min);
        EXPECT_TRUE(err.Is(kCanceled)) << err.Message();
        EXPECT_TRUE(own.ctx.Cause().Is(cause));
        EXPECT_FALSE(c.Err());
      });
    }
    group.Go([&](const Context&) { top.cancel(cause); });
    EXPECT_FALSE(group.Wait());
  });
}

// More than one piece of each: of waiters above and below, and of children.
TEST(ExploreContext, ACancelReachesVeryMany) {
  Exploring([](const Context& ctx) {
    const CancelScope top = WithCancel(ctx);
    const CancelScope below = WithCancel(top.ctx);
    std::vector<CancelScope> children;
    Group group(ctx);
    for (int i = 0; i < 600; ++i) children.push_back(WithCancel(top.ctx));
    for (int i = 0; i < 600; ++i) {
      group.Go([&](const Context&) { EXPECT_TRUE(top.ctx.Wait().Is(kCanceled)); });
      group.Go([&](const Context&) { EXPECT_TRUE(below.ctx.Wait().Is(kCanceled)); });
    }
    Settle(ctx);
    top.cancel();
    for (const CancelScope& child : children) EXPECT_TRUE(child.ctx.Err()) << "all below is done when a cancel returns";
    EXPECT_FALSE(group.Wait());
  }, 10);
}

// Each is also below the other one's parent, so that the cancels meet in both of them.
TEST(ExploreContext, TheEndOfTwoContextsReachesAllThatWait) {
  Exploring([](const Context& ctx) {
    const Error causes[2] = {Error::New("one"), Error::New("two")};
    const CancelScope one = WithCancel(ctx), two = WithCancel(ctx);
    const CancelScope first = WithEither(one.ctx, two.ctx), second = WithEither(two.ctx, one.ctx);
    const CancelScope below = WithCancel(first.ctx);
    const CancelScope third = WithEither(below.ctx, second.ctx);
    Group group(ctx);
    for (const Context* waited : {&first.ctx, &second.ctx, &below.ctx, &third.ctx}) {
      group.Go([&, waited](const Context&) {
        const Error err = waited->Wait();
        EXPECT_TRUE(err.Is(waited->Cause()));
        EXPECT_TRUE(waited->Cause().Is(causes[0]) || waited->Cause().Is(causes[1]));
        for (const CancelScope* scope : {&first, &second, &below, &third}) {
          EXPECT_TRUE(scope->ctx.Cause().Is(waited->Cause())) << "one end for all of them";
        }
      });
    }
    group.Go([&](const Context& c) {
      (void)Sleep(c, 1ms);
      one.cancel(causes[0]);
      EXPECT_TRUE(third.ctx.Err()) << "all below is done when a cancel returns";
    });
    group.Go([&](const Context& c) {
      (void)Sleep(c, 1ms);
      two.cancel(causes[1]);
      EXPECT_TRUE(third.ctx.Err());
    });
    EXPECT_FALSE(group.Wait());
  });
}

// A deadline and two cancels at one moment: the deadline was due first, for everybody and for ever.
TEST(ExploreContext, AnOverdueDeadlineWins) {
  Exploring([](const Context& ctx) {
    const Error cancel = Error::New("cancel"), late = Error::New("late"), deadline = Error::New("deadline");
    const CancelScope scope = WithTimeout(ctx, 1ms, deadline);
    std::vector<Error> seen;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context&) {
        const Error err = scope.ctx.Wait();
        EXPECT_TRUE(err.Is(scope.ctx.Cause())) << "error and cause fit together";
        EXPECT_EQ(err.Is(kDeadlineExceeded), scope.ctx.Cause().Is(deadline));
        seen.push_back(scope.ctx.Cause());
      });
    }
    group.Go([&](const Context& c) {
      (void)Sleep(c, 1ms);
      EXPECT_TRUE(Now() >= *scope.ctx.Deadline());
      scope.cancel(cancel);
      EXPECT_TRUE(scope.ctx.Cause().Is(deadline)) << "an overdue deadline is older than the cancel";
    });
    group.Go([&](const Context& c) {
      (void)Sleep(c, 1ms);
      scope.cancel(late);
    });
    EXPECT_FALSE(group.Wait());
    for (const Error& cause : seen) EXPECT_TRUE(cause.Is(seen.front()) && seen.front().Is(cause));
  });
}

TEST(ExploreContext, TheFirstCancelWins) {
  Exploring([](const Context& ctx) {
    const Error causes[2] = {Error::New("a"), Error::New("b")};
    const CancelScope scope = WithCancel(ctx);
    const CancelScope below = WithCancel(scope.ctx);
    const Error* first = nullptr;
    Group group(ctx);
    for (const Error& cause : causes) {
      group.Go([&](const Context&) {
        if (first == nullptr) first = &cause;
        scope.cancel(cause);
        EXPECT_TRUE(below.ctx.Err()) << "all below is done when a cancel returns";
      });
    }
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context&) {
        EXPECT_TRUE(below.ctx.Wait().Is(kCanceled));
        for (int n = 0; n < 3; ++n, Yield()) EXPECT_TRUE(below.ctx.Cause().Is(*first) && scope.ctx.Cause().Is(*first));
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(ExploreContext, AWaitLeavesNothingBehindHoweverItEnds) {
  Exploring([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context&) {
        while (!Sleep(scope.ctx, 1ms)) {
        }
        EXPECT_TRUE(scope.ctx.Err());
      });
    }
    group.Go([&](const Context& c) {
      (void)Sleep(c, 3ms);
      scope.cancel();
    });
    EXPECT_FALSE(group.Wait());
  });
}

// A wait without a context, after one under a context that ends only now.
TEST(ExploreContext, AContextEndsNoWaitButItsOwn) {
  Exploring([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Mutex mutex;
    mutex.lock();
    bool unlocked = false;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i](const Context& c) {
        (void)Sleep(scope.ctx, 1ms);
        if (i == 0) {
          mutex.lock();
        } else {
          EXPECT_FALSE(mutex.Lock(c));
        }
        EXPECT_TRUE(unlocked);
        mutex.unlock();
      });
    }
    group.Go([&](const Context& c) {
      (void)Sleep(c, 1ms);
      scope.cancel();
    });
    (void)Sleep(ctx, 2ms);
    unlocked = true;
    mutex.unlock();
    EXPECT_FALSE(group.Wait());
  });
}

// The context ends while what was waited for is there already.
TEST(ExploreContext, AWaitEndsOnlyOnce) {
  Exploring([](const Context& ctx) {
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        const CancelScope scope = WithCancel(c);
        Event event;
        Group inner(c);
        inner.Go([&](const Context&) {
          EXPECT_TRUE(event.Wait(scope.ctx) || event.IsSet());
          for (int n = 0; n < 2; ++n) EXPECT_FALSE(Sleep(c, 1ms)) << "a wake-up was left over";
        });
        inner.Go([&](const Context&) { event.Set(); });
        inner.Go([&](const Context&) { scope.cancel(); });
        EXPECT_FALSE(inner.Wait());
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(ExploreAfterFunc, RunsOnceOrIsStopped) {
  Exploring([](const Context& ctx) {
    int ran = 0;
    bool stopped = false;
    {
      const CancelScope scope = WithTimeout(ctx, 1ms);
      StopFunc stop = AfterFunc(scope.ctx, [&] {
        (void)Sleep(Background(), 1h);
        ++ran;
      });
      Group group(ctx);
      group.Go([&](const Context&) { scope.cancel(); });
      group.Go([&](const Context& c) {
        (void)Sleep(c, 1ms);
        stopped = stop();
      });
      group.Go([&](const Context&) { (void)scope.ctx.Err(); });
      EXPECT_FALSE(group.Wait());
    }
    EXPECT_EQ(ran, stopped ? 0 : 1) << "its end has waited for the function";
  });
}

TEST(ExploreAfterFunc, AStopInTimeReturnsTrueOnce) {
  Exploring([](const Context& ctx) {
    int ran = 0;
    int stops = 0;
    {
      const CancelScope scope = WithCancel(ctx);
      StopFunc stop = AfterFunc(scope.ctx, [&] { ++ran; });
      Group group(ctx);
      for (int i = 0; i < 2; ++i) group.Go([&](const Context&) { stops += stop() ? 1 : 0; });
      group.Go([&](const Context&) { scope.cancel(); });
      EXPECT_FALSE(group.Wait());
    }
    EXPECT_EQ(ran + stops, 1);
  });
}

}  // namespace
}  // namespace weft
