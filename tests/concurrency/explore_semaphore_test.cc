// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/semaphore.h>

#include <vector>

#include <weft/concurrency/event.h>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(ExploreSemaphore, NeverGivesOutMoreThanItHasAndLosesNothing) {
  Exploring([](const Context& ctx) {
    Semaphore semaphore(3);
    const CancelScope scope = WithCancel(ctx);
    std::int64_t out = 0;
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        const std::int64_t tokens = 1 + i % 3;
        for (int n = 0; n < 2; ++n) {
          if (semaphore.Acquire(i % 2 == 0 ? scope.ctx : c, tokens)) continue;
          out += tokens;
          EXPECT_LE(out, 3);
          if (n == 0) Yield();
          out -= tokens;
          semaphore.Release(tokens);
        }
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(semaphore.Acquired(), 0);
    EXPECT_TRUE(semaphore.TryAcquire(3)) << "nobody is left in the queue";
    semaphore.Release(3);
  });
}

// A small request behind a large one moves up when that gives up, though no token comes back.
TEST(ExploreSemaphore, TheNextEntersWhenTheFirstGivesUp) {
  Exploring([](const Context& ctx) {
    Semaphore semaphore(2);
    EXPECT_TRUE(semaphore.TryAcquire());
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(semaphore.Acquire(scope.ctx, 2).Is(kCanceled)); });
    Settle(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_FALSE(semaphore.Acquire(c));
        Yield();
        semaphore.Release();
      });
    }
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(semaphore.Acquired(), 1);
    semaphore.Release();
  });
}

TEST(ExploreSemaphore, ServesInTheOrderOfArrival) {
  Exploring([](const Context& ctx) {
    Semaphore semaphore(2);
    EXPECT_TRUE(semaphore.TryAcquire(2));
    const CancelScope scope = WithCancel(ctx);
    std::vector<int> order;
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        // The large ones cannot be served together with another.
        const std::int64_t tokens = i == 3 ? 1 : 2;
        if (semaphore.Acquire(i == 1 ? scope.ctx : c, tokens)) return;
        order.push_back(i);
        if (i == 0) Yield();
        semaphore.Release(tokens);
      });
      Settle(ctx);
    }
    group.Go([&](const Context&) { scope.cancel(); });
    group.Go([&](const Context&) {
      semaphore.Release();
      Yield();
      EXPECT_TRUE(order.empty()) << "the small one does not overtake";
      EXPECT_FALSE(semaphore.TryAcquire());
      semaphore.Release();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(order == (std::vector<int>{0, 2, 3}) || order == (std::vector<int>{0, 1, 2, 3}))
        << ::testing::PrintToString(order);
  });
}

// A request that does not fit is passed over; once it fits, it has its turn by its age.
TEST(ExploreSemaphore, AResizeServesWhatFitsNow) {
  Exploring([](const Context& ctx) {
    Semaphore semaphore(1);
    EXPECT_TRUE(semaphore.TryAcquire());
    std::vector<int> order;
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(semaphore.Acquire(c, 3));
      EXPECT_LE(semaphore.Acquired(), semaphore.Size());
      order.push_back(3);
      semaphore.Release(3);
    });
    Settle(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(semaphore.Acquire(c));
      order.push_back(1);
      semaphore.Release();
    });
    Settle(ctx);
    bool released = false, resized_first = false;
    group.Go([&](const Context&) {
      resized_first = !released;
      semaphore.Resize(3);
    });
    group.Go([&](const Context&) {
      released = true;
      semaphore.Release();
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(order, resized_first ? (std::vector<int>{3, 1}) : (std::vector<int>{1, 3}));
    EXPECT_EQ(semaphore.Acquired(), 0);
  });
}

TEST(ExploreSemaphore, AResizeAloneIsEnough) {
  Exploring([](const Context& ctx) {
    Semaphore semaphore(0);
    int inside = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_FALSE(semaphore.Acquire(c));
        EXPECT_LE(++inside, 2);
        Yield();
        --inside;
        semaphore.Release();
      });
    }
    group.Go([&](const Context&) { semaphore.Resize(2); });
    EXPECT_FALSE(group.Wait());
  });
}

TEST(ExploreSemaphore, ATimeoutAndTheGrantMeet) {
  Exploring([](const Context& ctx) {
    Semaphore semaphore(2);
    EXPECT_TRUE(semaphore.TryAcquire(2));
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        const CancelScope scope = WithTimeout(c, 1ms);
        const std::int64_t tokens = 1 + i % 2;
        if (Error err = semaphore.Acquire(scope.ctx, tokens)) {
          EXPECT_TRUE(err.Is(kDeadlineExceeded));
          return;
        }
        semaphore.Release(tokens);
      });
    }
    EXPECT_FALSE(Sleep(ctx, 1ms));
    semaphore.Release();
    Yield();
    semaphore.Release();
    EXPECT_FALSE(semaphore.Acquire(ctx, 2)) << "nobody keeps a token";
    semaphore.Release(2);
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
