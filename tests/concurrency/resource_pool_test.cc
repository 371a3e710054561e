// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/resource_pool.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// An object that counts those alive, and knows which it is.
struct Tool {
  struct Shop {
    std::atomic<int> alive{0}, most{0}, made{0};
  };
  explicit Tool(Shop& s) : shop(&s), number(++s.made) {
    const int now = ++s.alive;
    int most = s.most.load();
    while (now > most && !s.most.compare_exchange_weak(most, now)) {
    }
  }
  Tool(Tool&& other) noexcept : shop(std::exchange(other.shop, nullptr)), number(other.number) {}
  ~Tool() {
    if (shop != nullptr) --shop->alive;
  }
  Shop* shop;
  int number;
  bool good = true;
};
using Tools = ResourcePool<Tool>;

ResourcePoolOptions<Tool> From(Tool::Shop& shop, std::size_t max) {
  ResourcePoolOptions<Tool> options;
  options.max = max;
  options.make = [&shop](const Context&) -> Result<Tool> { return Tool(shop); };
  return options;
}

TEST(ResourcePool, LendsWhatCameBackLastAndMakesNoMoreThanItNeeds) {
  Tool::Shop shop;
  Tools pool(From(shop, 3));
  {
    Tools::Lease a = *pool.Acquire(Background());
    Tools::Lease b = *pool.Acquire(Background());
    EXPECT_EQ(a->number, 1);
    EXPECT_EQ(b->number, 2);
    b.Release();
    EXPECT_FALSE(b);
  }

  EXPECT_EQ((*pool.Acquire(Background()))->number, 1) << "it came back last";
  const PoolStats stats = pool.Stats();
  EXPECT_EQ(stats.open, 2u);
  EXPECT_EQ(stats.idle, 2u);
  EXPECT_EQ(stats.in_use, 0u);
  EXPECT_EQ(stats.opened, 2u);
  EXPECT_EQ(stats.waited, 0u);
}

TEST(ResourcePool, AWaiterGetsWhatComesBack) {
  Virtually([](const Context& ctx) {
    Tool::Shop shop;
    Tools pool(From(shop, 1));
    Tools::Lease held = *pool.Acquire(ctx);
    Group group(ctx);
    group.Go([&](const Context& c) {
      Result<Tools::Lease> mine = pool.Acquire(c);
      ASSERT_FALSE(mine.Err());
      EXPECT_EQ((*mine)->number, 1);
    });
    Settle(ctx);
    EXPECT_EQ(pool.Stats().waiting, 1u);
    EXPECT_FALSE(Sleep(ctx, 2s));

    held.Release();

    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(pool.Stats().waiting, 0u);
    EXPECT_EQ(pool.Stats().waited, 1u);
    EXPECT_EQ(pool.Stats().longest_wait, 2s + 1ns);
    EXPECT_EQ(shop.made, 1);
  });
}

TEST(ResourcePool, NoLaterCallerIsServedBeforeAWaiter) {
  Virtually([](const Context& ctx) {
    Tool::Shop shop;
    Tools pool(From(shop, 1));
    std::optional<Tools::Lease> held = *pool.Acquire(ctx);
    std::vector<int> order;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        const Result<Tools::Lease> mine = pool.Acquire(c);
        order.push_back(i);
        Yield();
      });
      Settle(ctx);
    }

    held.reset();
    const Result<Tools::Lease> late = pool.Acquire(ctx);
    order.push_back(9);

    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 9}));
  });
}

TEST(ResourcePool, ADiscardedOneLeavesItsRoomToAWaiter) {
  Virtually([](const Context& ctx) {
    Tool::Shop shop;
    Tools pool(From(shop, 1));
    Tools::Lease held = *pool.Acquire(ctx);
    Group group(ctx);
    group.Go([&](const Context& c) { EXPECT_EQ((*pool.Acquire(c))->number, 2); });
    Settle(ctx);

    held.Discard();

    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(shop.most, 1) << "the first was gone before the second came";
    EXPECT_EQ(pool.Stats().closed, 1u);
  });
}

TEST(ResourcePool, AFailedMakeIsItsCallersErrorAndTheNextOneTries) {
  Virtually([](const Context& ctx) {
    Tool::Shop shop;
    int calls = 0;
    ResourcePoolOptions<Tool> options = From(shop, 1);
    options.make = [&](const Context& c) -> Result<Tool> {
      if (Error err = Sleep(c, 1s)) return err;
      if (++calls == 1) return Error::New("no tool today");
      return Tool(shop);
    };
    Tools pool(options);
    Group group(ctx);
    group.Go([&](const Context& c) { EXPECT_EQ(pool.Acquire(c).Err().Message(), "no tool today"); });
    Settle(ctx);
    group.Go([&](const Context& c) { EXPECT_FALSE(pool.Acquire(c).Err()); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(pool.Stats().failed, 1u);
  });
}

TEST(ResourcePool, AnExceptionOfMakeLeavesNothingBehind) {
  Tool::Shop shop;
  bool bad = true;
  ResourcePoolOptions<Tool> options = From(shop, 1);
  options.make = [&](const Context&) -> Result<Tool> {
    if (std::exchange(bad, false)) throw std::runtime_error("broken");
    return Tool(shop);
  };
  Tools pool(options);
  EXPECT_THROW((void)pool.Acquire(Background()), std::runtime_error);
  EXPECT_FALSE(pool.Acquire(Background()).Err());
}

TEST(ResourcePool, ReplacesObjectsThatCheckRejects) {
  Tool::Shop shop;
  ResourcePoolOptions<Tool> options = From(shop, 2);
  options.check = [](Tool& tool) { return tool.good; };
  Tools pool(options);
  {
    Tools::Lease a = *pool.Acquire(Background());
    Tools::Lease b = *pool.Acquire(Background());
    a->good = b->good = false;
  }
  EXPECT_EQ((*pool.Acquire(Background()))->number, 3);
  EXPECT_EQ(shop.alive, 1) << "the other bad one, too";
  EXPECT_EQ(shop.most, 2);
  EXPECT_EQ(pool.Stats().open, 1u);
  EXPECT_EQ(pool.Stats().closed, 2u);
}

TEST(ResourcePool, GivesUpWithItsContext) {
  Virtually([](const Context& ctx) {
    Tool::Shop shop;
    Tools pool(From(shop, 1));
    const Tools::Lease held = *pool.Acquire(ctx);
    const CancelScope soon = WithTimeout(ctx, 1s);
    EXPECT_TRUE(pool.Acquire(soon.ctx).Err().Is(kDeadlineExceeded));
    EXPECT_TRUE(pool.Acquire(soon.ctx).Err().Is(kDeadlineExceeded)) << "also at once";
    EXPECT_EQ(pool.Stats().waiting, 0u);
  });
}

TEST(ResourcePool, SaysWhoHasThemAllWhenNoneBecomesFree) {
  Virtually([](const Context& ctx) {
    Tool::Shop shop;
    ResourcePoolOptions<Tool> options = From(shop, 3);
    options.name = "tools";
    options.waiting_max = 1;
    Tools pool(options);
    Group group(ctx);
    const CancelScope enough = WithCancel(ctx);
    const auto hold = [&](const Context&) {
      const Result<Tools::Lease> mine = pool.Acquire(enough.ctx);
      (void)Sleep(enough.ctx, 1h);
    };
    group.Go("reports", hold);
    group.Go("reports", hold);
    EXPECT_FALSE(Sleep(ctx, 2s));
    group.Go("mails", hold);
    Settle(ctx);
    group.Go("waits", [&](const Context& c) {
      const Error err = pool.Acquire(c).Err();
      EXPECT_TRUE(err.Is(kUnavailable));
      EXPECT_NE(err.Message().find("tools: none became free within 5 s; 3 in use: reports has 2 for up to 7 s, mails has 1 for up to 5 s"),
                std::string::npos)
          << err.Message();
      enough.cancel();
    });
    Settle(ctx);
    const Error err = pool.Acquire(ctx).Err();
    EXPECT_TRUE(err.Is(kUnavailable));
    EXPECT_NE(err.Message().find("tools: 1 caller waits already; 3 in use"), std::string::npos) << err.Message();
    EXPECT_FALSE(group.Wait());
  });
}

TEST(ResourcePool, NothingIsLentPastItsLifetime) {
  Virtually([](const Context& ctx) {
    int made = 0;
    ResourcePool<int> pool({.make = [&](const Context&) -> Result<int> { return ++made; }, .idle_timeout = 300s, .lifetime_max = 10s});
    { const auto lease = pool.Acquire(ctx); }
    EXPECT_FALSE(Sleep(ctx, 100s));
    EXPECT_EQ(**pool.Acquire(ctx).operator->(), 2);
    EXPECT_EQ(pool.Stats().open, 1u);
  });
}

TEST(ResourcePool, AnObjectWhoseCheckThrowsIsNotLentAgain) {
  Virtually([](const Context& ctx) {
    int made = 0;
    bool throws = true;
    ResourcePool<int> pool({.make = [&](const Context&) -> Result<int> { return ++made; },
                            .check = [&](int&) -> bool {
                              if (throws) throw std::runtime_error("broken");
                              return true;
                            }});
    { const auto lease = pool.Acquire(ctx); }
    EXPECT_THROW(static_cast<void>(pool.Acquire(ctx)), std::runtime_error);
    EXPECT_EQ(pool.Stats().open, 0u);
    throws = false;
    EXPECT_EQ(**pool.Acquire(ctx).operator->(), 2);
  });
}

TEST(ResourcePool, DropsObjectsThatAreTooOldAtTheNextCall) {
  Virtually([](const Context& ctx) {
    Tool::Shop shop;
    ResourcePoolOptions<Tool> options = From(shop, 4);
    options.idle_timeout = 10s;
    options.lifetime_max = 1min;
    Tools pool(options);
    {
      const Tools::Lease a = *pool.Acquire(ctx), b = *pool.Acquire(ctx);
    }
    EXPECT_FALSE(Sleep(ctx, 9s));
    pool.Trim();
    EXPECT_EQ(shop.alive, 2);
    { const Tools::Lease a = *pool.Acquire(ctx); }
    EXPECT_FALSE(Sleep(ctx, 1s));
    EXPECT_EQ(shop.alive, 2) << "nothing runs by itself";
    { const Tools::Lease a = *pool.Acquire(ctx); }
    EXPECT_EQ(shop.alive, 1) << "the one that nobody used";

    Tools::Lease held = *pool.Acquire(ctx);
    EXPECT_FALSE(Sleep(ctx, 2min));
    EXPECT_EQ(shop.alive, 1) << "it is in use";
    held.Release();
    EXPECT_EQ(shop.alive, 0);
    EXPECT_EQ(pool.Stats().open, 0u);
  });
}

// It must not wait for what it has found to be too old itself.
TEST(ResourcePool, TheRoomOfATooOldOneIsUsedAtOnce) {
  Virtually([](const Context& ctx) {
    Tool::Shop shop;
    ResourcePoolOptions<Tool> options = From(shop, 1);
    options.idle_timeout = 10s;
    Tools pool(options);
    { const Tools::Lease a = *pool.Acquire(ctx); }
    EXPECT_FALSE(Sleep(ctx, 10s));
    EXPECT_EQ((*pool.Acquire(ctx))->number, 2);
    EXPECT_EQ(pool.Stats().waited, 0u);
  });
}

// The oldest waiter is a plain thread, and the fibers of this loop, which have a right of way, never stop asking.
TEST(ResourcePool, NoWaiterIsOvertakenMoreThanEightTimes) {
  OnLoops(1, [](const Context& ctx) {
    Tool::Shop shop;
    Tools pool(From(shop, 1));
    std::optional<Tools::Lease> held = *pool.Acquire(ctx);
    std::atomic<int> lent{0};
    int seen = -1;
    std::thread elsewhere([&] {
      const Result<Tools::Lease> mine = pool.Acquire(Background());
      EXPECT_FALSE(mine.Err());
      seen = lent;
    });
    while (pool.Stats().waiting == 0) Yield();
    Group group(ctx);
    for (int i = 0; i < 20; ++i) {
      group.Go([&](const Context& c) {
        const Result<Tools::Lease> mine = pool.Acquire(c);
        ++lent;
      });
    }
    while (pool.Stats().waiting != 21) Yield();

    held.reset();

    EXPECT_FALSE(group.Wait());
    elsewhere.join();
    EXPECT_EQ(seen, 8);
  });
}

TEST(ResourcePool, ServesLoopsAndThreadsTogether) {
  Tool::Shop shop;
  Tools pool(From(shop, 3));
  std::atomic<int> inside{0}, served{0};
  const auto work = [&](const Context& c) {
    for (int n = 0; n < Rounds(2000); ++n) {
      Result<Tools::Lease> mine = pool.Acquire(c);
      ASSERT_FALSE(mine.Err());
      EXPECT_LE(++inside, 3);
      if (n % 7 == 0 && CurrentFiberId() != 0) Yield();
      --inside;
      ++served;
      if (n % 11 == 0) mine->Discard();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back([&] { work(Background()); });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 8; ++i) group.Go(work);
    EXPECT_FALSE(group.Wait());
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(served, 10 * Rounds(2000));
  EXPECT_LE(shop.most, 3);
  EXPECT_EQ(pool.Stats().in_use, 0u);
  EXPECT_EQ(pool.Stats().open, pool.Stats().idle);
  EXPECT_EQ(static_cast<int>(pool.Stats().open), shop.alive);
}

TEST(ResourcePoolDeathTest, MisuseAbortsByName) {
  WEFT_EXPECT_DEATH(Tools(ResourcePoolOptions<Tool>()), "ResourcePool: make is empty: it makes the objects");
  WEFT_EXPECT_DEATH(
      {
        Tool::Shop shop;
        std::optional<Tools> pool(std::in_place, From(shop, 1));
        const Tools::Lease held = *pool->Acquire(Background());
        pool.reset();
      },
      "~ResourcePool: a lease is out");
}

}  // namespace
}  // namespace weft
