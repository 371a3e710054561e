// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/cond.h>

#include <vector>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// The first who waits gives up while it is signaled: then the signal is the second one's, who would wait for ever otherwise.
TEST(ExploreCond, ASignalIsNotLostToACancel) {
  Exploring([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    const CancelScope scope = WithCancel(ctx);
    Error of_first;
    bool second_woken = false;
    Group group(ctx);
    group.Go([&](const Context&) {
      std::unique_lock hold(mutex);
      of_first = cond.Wait(scope.ctx, hold);
      EXPECT_TRUE(hold.owns_lock());
    });
    Settle(ctx);
    group.Go([&](const Context& c) {
      std::unique_lock hold(mutex);
      EXPECT_FALSE(cond.Wait(c, hold));
      second_woken = true;
    });
    Settle(ctx);
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) { cond.Signal(); });
    Settle(ctx);
    EXPECT_EQ(static_cast<bool>(of_first), second_woken) << "one signal wakes one";
    if (!second_woken) cond.Signal();
    EXPECT_FALSE(group.Wait());
  });
}

// Items are taken by whoever comes, under contexts that end: nothing may be left while somebody waits for it.
TEST(ExploreCond, ASignalUnderTheMutexIsNotMissed) {
  Exploring([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    const CancelScope scope = WithCancel(ctx);
    Room room;
    int items = 0, made = 0, taken = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        std::unique_lock hold(mutex);
        const Error err = cond.Wait(i == 0 ? scope.ctx : c, hold, [&] { return items > 0; });
        room.Enter();
        EXPECT_TRUE(hold.owns_lock());
        EXPECT_TRUE(!err || i == 0);
        if (!err) {
          --items;
          ++taken;
        }
        room.Leave();
      });
    }
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context&) {
        {
          const std::lock_guard hold(mutex);
          ++items;
          ++made;
        }
        cond.Signal();
      });
    }
    group.Go([&](const Context& c) {
      scope.cancel();
      for (int i = 0; i < 5; ++i) Settle(c);
      EXPECT_EQ(taken, 2) << "somebody waits although there is an item";
      const std::lock_guard hold(mutex);
      ++items;
      cond.Broadcast();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(made, 2);
    EXPECT_GE(taken, 2);
  });
}

TEST(ExploreCond, ABroadcastWakesAllWhoWait) {
  Exploring([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    const CancelScope scope = WithCancel(ctx);
    bool open = false;
    int through = 0;
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        std::unique_lock hold(mutex);
        while (!open) {
          if (cond.Wait(i == 1 ? scope.ctx : c, hold)) return;
        }
        ++through;
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) {
      const std::lock_guard hold(mutex);
      open = true;
      cond.Broadcast();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_GE(through, 3);
  });
}

// Broadcast itself looks at the first 1024 only. All of those have given up, and nobody else can wake the others.
TEST(ExploreCond, ABroadcastWakesThoseAfterVeryManyThatHaveGivenUp) {
  Exploring([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    std::vector<CancelScope> scopes;  // a cancel wakes 256 at once
    Group group(ctx);
    const auto wait = [&](const Context& c) {
      std::unique_lock hold(mutex);
      return cond.Wait(c, hold);
    };
    for (int i = 0; i < 6; ++i) {
      scopes.push_back(WithCancel(ctx));
      for (int n = 0; n < 200; ++n) group.Go([&wait, c = scopes.back().ctx](const Context&) { (void)wait(c); });
    }
    Settle(ctx);
    for (int n = 0; n < 10; ++n) group.Go([&](const Context& c) { return wait(c); });
    Settle(ctx);
    for (const CancelScope& scope : scopes) scope.cancel();
    cond.Broadcast();
    EXPECT_FALSE(group.Wait());
  }, 10);
}

TEST(ExploreCond, SignalsGoByTheOrderOfArrival) {
  Exploring([](const Context& ctx) {
    Mutex mutex;
    Cond cond;
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> woken;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        std::unique_lock hold(mutex);
        if (!cond.Wait(i == 1 ? scope.ctx : c, hold)) woken.push_back(i);
      });
      Settle(ctx);
    }
    group.Go([&](const Context&) { scope.cancel(); });
    for (int i = 0; i < 3; ++i) {
      cond.Signal();
      Settle(ctx);
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(woken == (std::vector<int>{0, 2}) || woken == (std::vector<int>{0, 1, 2})) << ::testing::PrintToString(woken);
  });
}

// A signal says that the waiter may destroy it.
TEST(ExploreCond, MayBeDestroyedByTheLastWhoWaited) {
  Exploring([](const Context& ctx) {
    Mutex mutex;
    auto cond = std::make_unique<Cond>();
    Group group(ctx);
    group.Go([&](const Context& c) {
      std::unique_lock hold(mutex);
      EXPECT_FALSE(cond->Wait(c, hold));
      cond.reset();
    });
    Settle(ctx);
    cond->Signal();
    EXPECT_FALSE(group.Wait());
  }, 200);
}

}  // namespace
}  // namespace weft
