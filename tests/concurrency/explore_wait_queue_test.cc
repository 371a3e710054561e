// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/event.h>

#include <vector>

#include <weft/concurrency/wait_group.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ExploreEvent, WakesAllThatHaveNotGivenUp) {
  Exploring([](const Context& ctx) {
    Event event;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        const Error err = event.Wait(i == 0 ? scope.ctx : c);
        if (i == 0 && err) {
          EXPECT_TRUE(err.Is(kCanceled));
          EXPECT_FALSE(event.Wait(c)) << "waits again, on the same place of its stack";
        } else {
          EXPECT_FALSE(err);
        }
        EXPECT_TRUE(event.IsSet());
      });
    }
    Settle(ctx);
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) { event.Set(); });
    EXPECT_FALSE(group.Wait());
  });
}

TEST(ExploreEvent, IsNotMissedOnTheWayIntoTheQueue) {
  Exploring([](const Context& ctx) {
    Event event;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) group.Go([&](const Context& c) { return event.Wait(c); });
    group.Go([&](const Context&) { event.Set(); });
    EXPECT_FALSE(group.Wait());
  });
}

// Set itself looks at the first 1024 only. All of those have given up, and nobody else can wake the others.
TEST(ExploreEvent, WakesThoseAfterVeryManyThatHaveGivenUp) {
  Exploring([](const Context& ctx) {
    Event event;
    std::vector<CancelScope> scopes;  // a cancel wakes 256 at once
    Group group(ctx);
    for (int i = 0; i < 6; ++i) {
      scopes.push_back(WithCancel(ctx));
      for (int n = 0; n < 200; ++n) group.Go([&event, c = scopes.back().ctx](const Context&) { (void)event.Wait(c); });
    }
    Settle(ctx);
    for (int n = 0; n < 10; ++n) group.Go([&](const Context& c) { return event.Wait(c); });
    Settle(ctx);
    for (const CancelScope& scope : scopes) scope.cancel();
    event.Set();
    EXPECT_FALSE(group.Wait());
  }, 10);
}

TEST(ExploreEvent, ACancelAfterTheSetComesTooLate) {
  Exploring([](const Context& ctx) {
    Event event;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) group.Go([&](const Context&) { return event.Wait(scope.ctx); });
    Settle(ctx);
    group.Go([&](const Context&) {
      event.Set();
      scope.cancel();
    });
    EXPECT_FALSE(group.Wait());
  });
}

TEST(ExploreEvent, MayBeDestroyedByWhoeverWaitedForIt) {
  Exploring([](const Context& ctx) {
    auto event = std::make_unique<Event>();
    Group group(ctx);
    Event* in_place = event.get();
    group.Go([in_place](const Context&) { in_place->Set(); });
    EXPECT_FALSE(event->Wait(ctx));
    event.reset();
    EXPECT_FALSE(group.Wait());
  }, 200);
}

TEST(ExploreWaitGroup, WaitsForTheLastDone) {
  Exploring([](const Context& ctx) {
    WaitGroup work;
    int left = 3;
    work.Add(left);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context&) {
        --left;
        work.Done();
      });
    }
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_FALSE(work.Wait(c));
        EXPECT_EQ(left, 0);
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
