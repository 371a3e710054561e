// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/once.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ExploreOnce, RunsOnceAndAllWaitForItsEnd) {
  Exploring([](const Context& ctx) {
    Once once;
    const CancelScope scope = WithCancel(ctx);
    int began = 0, ended = 0;
    const auto work = [&] {
      ++began;
      Yield();
      (void)Sleep(ctx, 1ms);
      ++ended;
    };
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        if (i == 0) {
          once.Do(work);
        } else if (once.Do(i == 1 ? scope.ctx : c, work)) {
          EXPECT_EQ(i, 1);
          return;
        }
        EXPECT_EQ(ended, 1) << "it returns when it is done";
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(began, 1);
    EXPECT_TRUE(once.IsDone());
  });
}

TEST(ExploreOnce, AValueIsMadeOnceForAll) {
  Exploring([](const Context& ctx) {
    int made = 0;
    OnceValue<int> value([&] {
      Yield();
      return ++made;
    });
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&](const Context&) {
        for (int n = 0; n < 2; ++n) EXPECT_EQ(value.Get(), 1);
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

// The caller that runs it is canceled: the next one has the turn, unless that gives up at the same moment, and nobody waits for ever.
TEST(ExploreOnce, AnAbandonedTurnGoesToTheNext) {
  Exploring([](const Context& ctx) {
    Room room;
    int settled = 0;
    OnceResult<int> value([&](const Context& c) -> Result<int> {
      room.Enter();
      Yield();
      const Error err = Sleep(c, 1ms);
      room.Leave();
      if (err) return err;
      return ++settled;
    });
    const CancelScope first = WithCancel(ctx), second = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        const Result<const int*> got = value.Get(i == 0 ? first.ctx : i == 1 ? second.ctx : c);
        EXPECT_TRUE(got.Ok() ? **got == 1 : i < 2) << got.Err().Message();
      });
    }
    group.Go([&](const Context&) {
      first.cancel();
      Yield();
      second.cancel();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(settled, 1);
  });
}

// All callers are canceled: the next one who comes finds it new.
TEST(ExploreOnce, IsNewAgainWhenAllHaveGivenUp) {
  Exploring([](const Context& ctx) {
    OnceResult<int> value([&](const Context& c) -> Result<int> {
      if (Error err = Sleep(c, 1h)) return err;
      return 1;
    });
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context&) { EXPECT_TRUE(value.Get(scope.ctx).Err().Is(kCanceled)); });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(**value.Get(ctx), 1);
  });
}

}  // namespace
}  // namespace weft
