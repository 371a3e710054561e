// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ExploreGroup, NeverHasMoreMembersThanItsLimit) {
  Exploring([](const Context& ctx) {
    int running = 0;
    int ran = 0;
    Group starters(ctx);
    Group group(ctx, {.limit = 2});
    for (int i = 0; i < 3; ++i) {
      starters.Go([&](const Context&) {
        for (int n = 0; n < 2; ++n) {
          EXPECT_TRUE(group.Go([&](const Context&) {
            EXPECT_LE(++running, 2);
            Yield();
            --running;
            ++ran;
          }));
        }
      });
    }
    EXPECT_FALSE(starters.Wait());
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(ran, 6) << "each started function ran";
  });
}

TEST(ExploreGroup, WaitSeesTheEndOfEachMember) {
  Exploring([](const Context& ctx) {
    int ended = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        if (i == 1) (void)Sleep(c, 1ns);
        ++ended;
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(ended, 3);
  });
}

// The first error is what Wait returns, and everybody sees it as the cause; callers of Go that wait for a place go home.
TEST(ExploreGroup, TheFirstErrorEndsMembersAndStarters) {
  Exploring([](const Context& ctx) {
    const Error broken = Error::New("broken");
    int refused = 0;
    Group starters(ctx);
    Group group(ctx, {.limit = 1});
    group.Go([&](const Context&) {
      Yield();
      return broken;
    });
    for (int i = 0; i < 2; ++i) {
      starters.Go([&](const Context&) {
        const bool taken = group.Go([&](const Context& c) -> Error {
          Error err = c.Wait();
          EXPECT_TRUE(c.Cause().Is(broken));
          return err;
        });
        if (!taken) ++refused;
      });
    }
    EXPECT_FALSE(starters.Wait());
    EXPECT_TRUE(group.Wait().Is(broken));
    EXPECT_EQ(group.Errors().size(), 1U) << "the others only repeat it";
    EXPECT_EQ(refused, 2) << "the place is free only when the group has failed";
  });
}

TEST(ExploreGroup, TwoErrorsHaveOneWinner) {
  Exploring([](const Context& ctx) {
    const Error a = Error::New("a"), b = Error::New("b");
    Error first;
    Group group(ctx);
    for (const Error* err : {&a, &b}) {
      group.Go([&, err](const Context& c) {
        Yield();
        if (!c.Err() && !first) first = *err;
        return *err;
      });
    }
    const Error result = group.Wait();
    EXPECT_TRUE(result.Is(a) || result.Is(b));
    EXPECT_TRUE(group.Ctx().Cause().Is(result)) << "Wait and the cause name the same";
  });
}

// Whoever ended the group's context first decides whether its members were cut short, whichever of them looks when.
TEST(ExploreGroup, WaitDistinguishesTheParentsCancelFromTheGroups) {
  Exploring([](const Context& ctx) {
    const Error above = Error::New("above");
    const CancelScope scope = WithCancel(ctx);
    Group cancelers(ctx);
    Group group(scope.ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([](const Context& c) { return c.Wait(); });
    }
    cancelers.Go([&](const Context&) { scope.cancel(above); });
    cancelers.Go([&](const Context&) { group.Cancel(Error::New("own")); });

    const Error err = group.Wait();

    const bool from_above = group.Ctx().Cause().Is(above);
    if (from_above) {
      EXPECT_TRUE(err.Is(above)) << err.Message();
      EXPECT_TRUE(err.Is(kCanceled));
    } else {
      EXPECT_FALSE(err) << err.Message();
    }
    EXPECT_FALSE(cancelers.Wait());
  });
}

// The deadline is older than a cancel of the group's own at the same moment, whoever looks first.
TEST(ExploreGroup, TheParentsDeadlineCutsItsMembersShort) {
  Exploring([](const Context& ctx) {
    const CancelScope scope = WithTimeout(ctx, 1ms);
    Group cancelers(ctx);
    Group group(scope.ctx);
    for (int i = 0; i < 2; ++i) group.Go([](const Context& c) { return c.Wait(); });
    for (int i = 0; i < 2; ++i) {
      cancelers.Go([&, i](const Context& c) {
        (void)Sleep(c, 1ms);
        if (i == 0) {
          (void)group.Ctx().Err();
        } else {
          group.Cancel();
        }
      });
    }
    EXPECT_TRUE(group.Wait().Is(kDeadlineExceeded));
    EXPECT_FALSE(cancelers.Wait());
  });
}

// A place is handed over while the group is canceled: it is given back, and the caller is refused.
TEST(ExploreGroup, ACancelAndAFreedPlaceMeet) {
  Exploring([](const Context& ctx) {
    Group starters(ctx);
    Group group(ctx, {.limit = 1});
    int ran = 0, taken = 0;
    group.Go([&](const Context&) { Yield(); });
    for (int i = 0; i < 3; ++i) {
      starters.Go([&](const Context&) { taken += group.Go([&](const Context&) { ++ran; }) ? 1 : 0; });
    }
    starters.Go([&](const Context&) { group.Cancel(); });
    EXPECT_FALSE(starters.Wait());
    (void)group.Wait();
    EXPECT_EQ(ran, taken);
  });
}

TEST(ExploreGroup, AGreaterLimitLetsIn) {
  Exploring([](const Context& ctx) {
    Group starters(ctx);
    Group group(ctx, {.limit = 1});
    int inside = 0;
    for (int i = 0; i < 4; ++i) {
      starters.Go([&](const Context&) {
        EXPECT_TRUE(group.Go([&](const Context& c) {
          ++inside;
          // Nobody ends before three are in, which needs the new limit.
          while (inside < 3) EXPECT_FALSE(Sleep(c, 1ms));
        }));
      });
    }
    starters.Go([&](const Context&) { group.SetLimit(3); });
    EXPECT_FALSE(starters.Wait());
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(inside, 4);
  });
}

TEST(ExploreGroup, ASmallerLimitLetsNobodyInUntilEnoughHaveLeft) {
  Exploring([](const Context& ctx) {
    const TimePoint start = Now();
    Group starters(ctx);
    Group group(ctx, {.limit = 3});
    for (int i = 1; i <= 3; ++i) group.Go([i](const Context& c) { return Sleep(c, i * 1ms); });
    for (int i = 0; i < 2; ++i) {
      starters.Go([&](const Context&) { group.Go([&](const Context&) { EXPECT_GE(Now() - start, 3ms); }); });
    }
    Settle(ctx);
    group.SetLimit(1);
    EXPECT_FALSE(starters.Wait());
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
