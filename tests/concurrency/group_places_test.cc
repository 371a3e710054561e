// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(GroupPlace, MembersStayOnTheBuildersLoop) {
  OnLoops(2, [](const Context& ctx) {
    Loop* const home = Loop::Current();
    Group group(ctx);
    for (int i = 0; i < 20; ++i) group.Go([&](const Context&) { EXPECT_EQ(Loop::Current(), home); });
    EXPECT_FALSE(group.Wait());
  });
}

TEST(GroupPlace, SpreadGoesRoundAllLoops) {
  OnLoops(3, [](const Context& ctx) {
    std::atomic<int> on[3]{};
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 30; ++i) group.Go([&](const Context&) { ++on[Loop::Current()->Index()]; });
    EXPECT_FALSE(group.Wait());
    for (const std::atomic<int>& count : on) EXPECT_EQ(count.load(), 10);
  });
}

TEST(GroupPlace, ASpreadMemberBuildsItsOwnGroupsWhereItIs) {
  OnLoops(2, [](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 10; ++i) {
      group.Go([](const Context& c) {
        Loop* const here = Loop::Current();
        Group inner(c);
        for (int k = 0; k < 10; ++k) inner.Go([&](const Context&) { EXPECT_EQ(Loop::Current(), here); });
        return inner.Wait();
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

// Whoever calls Go.
TEST(GroupPlace, GoFromElsewhereStartsAtTheBuildersPlace) {
  OnLoops(2, [](const Context& ctx) {
    Loop* const home = Loop::Current();
    std::atomic<int> runs{0};
    Group group(ctx);
    const auto member = [&](const Context&) {
      EXPECT_EQ(Loop::Current(), home);
      ++runs;
    };
    {
      Group callers(ctx, {.spread = true});
      for (int i = 0; i < 20; ++i) callers.Go([&](const Context&) { EXPECT_TRUE(group.Go(member)); });
      EXPECT_FALSE(callers.Wait());
    }
    EXPECT_FALSE(Offload(ctx, [&] { EXPECT_TRUE(group.Go(member)); }));
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(runs.load(), 21);
  });
}

TEST(GroupPlace, AFullGroupMakesCallersOnOtherLoopsAndThreadsWait) {
  OnLoops(2, [](const Context& ctx) {
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    Group group(ctx, {.limit = 2, .spread = true});
    const auto member = [&](const Context&) {
      const int now = ++running;
      int seen = most.load();
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      Yield();
      --running;
    };
    Group callers(ctx, {.spread = true});
    for (int i = 0; i < 4; ++i) {
      callers.Go([&](const Context&) {
        for (int k = 0; k < Rounds(200); ++k) EXPECT_TRUE(group.Go(member));
      });
    }
    callers.Go([&](const Context& c) {
      return Offload(c, [&] {
        for (int k = 0; k < Rounds(200); ++k) EXPECT_TRUE(group.Go(member));
      });
    });
    EXPECT_FALSE(callers.Wait());
    EXPECT_FALSE(group.Wait());
    EXPECT_LE(most.load(), 2);
  });
}

TEST(GroupOnThreads, MembersAreThreadsThatRunInParallel) {
  Event a, b;
  Group group(Background());
  std::mutex lock;
  std::set<std::thread::id> threads;
  const auto note = [&] {
    const std::lock_guard hold(lock);
    threads.insert(std::this_thread::get_id());
  };
  group.Go([&](const Context& c) {
    note();
    a.Set();
    return b.Wait(c);
  });
  group.Go([&](const Context& c) {
    note();
    b.Set();
    return a.Wait(c);
  });

  EXPECT_FALSE(group.Wait());

  EXPECT_EQ(threads.size(), 2U);
  EXPECT_EQ(threads.count(std::this_thread::get_id()), 0U);
}

TEST(GroupOnThreads, TheFirstErrorCancelsTheOthers) {
  Group group(Background());
  group.Go([](const Context& c) { return Sleep(c, 1h); });
  group.Go([](const Context& c) { return c.Wait(); });
  group.Go([](const Context&) -> Error { throw std::runtime_error("thread"); });

  EXPECT_EQ(group.Wait().Message(), "thread");
  EXPECT_EQ(group.Errors().size(), 1U);
}

TEST(GroupOnThreads, CurrentContextIsTheGroups) {
  static constexpr Key<int> kKey{"key"};
  Group group(WithValue(Background(), kKey, 5));
  group.Go([](const Context&) {
    EXPECT_EQ(*CurrentContext().Value(kKey), 5);
    Group inner(CurrentContext());
    inner.Go([](const Context&) { EXPECT_EQ(*CurrentContext().Value(kKey), 5); });
    EXPECT_FALSE(inner.Wait());
  });
  EXPECT_FALSE(group.Wait());
  EXPECT_EQ(CurrentContext().Value(kKey), nullptr);
}

// A main starts members that rely on each other: when a signal comes between two starts, the second must not be missing.
TEST(GroupOnThreads, AMemberStartsAlsoWhenOnlyTheParentIsDone) {
  const CancelScope parent = WithCancel(Background());
  const CancelScope debug = WithCancel(WithoutCancel(parent.ctx));
  Group group(parent.ctx);
  EXPECT_TRUE(group.Go("debug", [&](const Context&) { (void)debug.ctx.Wait(); }));
  parent.cancel(Error::New("signal: terminated"));
  bool seen = false;

  EXPECT_TRUE(group.Go("app", [&](const Context& c) {
    seen = c.Cause().Message() == "signal: terminated";
    debug.cancel();
  }));
  EXPECT_TRUE(group.TryGo([](const Context& c) { EXPECT_TRUE(c.Err()); }));

  EXPECT_FALSE(group.Wait());
  EXPECT_TRUE(seen);
}

TEST(GroupOnThreads, AMemberStartsAlsoWhenTheParentsDeadlineHasPassed) {
  const CancelScope parent = WithTimeout(Background(), -1s);
  std::atomic<int> ran{0};
  Group group(parent.ctx, {.limit = 2});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(group.Go([&](const Context&) { ++ran; }));
  EXPECT_FALSE(group.Wait());
  EXPECT_EQ(ran.load(), 2);
}

TEST(GroupOnThreads, AnEndedGroupRejectsEvenUnderADoneParent) {
  const CancelScope parent = WithCancel(Background());
  {
    Group group(parent.ctx);
    group.Cancel(Error::New("mine"));
    parent.cancel();
    EXPECT_FALSE(group.Go([](const Context&) { ADD_FAILURE(); }));
    EXPECT_EQ(group.Wait().Message(), "mine");
    EXPECT_FALSE(group.TryGo([](const Context&) { ADD_FAILURE(); })) << "nor after Wait";
  }
  const CancelScope live = WithCancel(Background());
  Group group(live.ctx);
  group.Go([&](const Context&) { return Error::New("failed"); });
  (void)group.Ctx().Wait();
  live.cancel();
  EXPECT_FALSE(group.Go([](const Context&) { ADD_FAILURE(); }));
  EXPECT_EQ(group.Wait().Message(), "failed");
}

TEST(GroupOnThreads, AFullGroupRefusesWhenItsParentIsDone) {
  const CancelScope parent = WithCancel(Background());
  Event leave;
  Group group(parent.ctx, {.limit = 1});
  EXPECT_TRUE(group.Go([&](const Context&) { (void)leave.Wait(Background()); }));
  parent.cancel(Error::New("closing"));

  EXPECT_FALSE(group.Go([](const Context&) { ADD_FAILURE(); }));

  leave.Set();
  EXPECT_EQ(group.Wait().Message(), "closing");
}

TEST(GroupOnThreads, LimitHoldsAndEndedThreadsAreJoined) {
  std::atomic<int> running{0};
  Group group(Background(), {.limit = 2});
  for (int i = 0; i < Rounds(300); ++i) {
    EXPECT_TRUE(group.Go([&](const Context&) {
      EXPECT_LE(++running, 2);
      std::this_thread::yield();
      --running;
    }));
  }
  EXPECT_FALSE(group.Wait());
}

TEST(GroupOnThreads, AMemberMayRunLoopsOfItsOwn) {
  Group group(Background());
  for (int i = 0; i < 3; ++i) {
    group.Go([](const Context& ctx) {
      RunOptions options;
      options.loops = 2;
      return weft::Run(ctx, options, [](const Context& c) {
        Group inner(c, {.spread = true});
        for (int k = 0; k < 10; ++k) inner.Go([](const Context&) { Yield(); });
        return inner.Wait();
      });
    });
  }
  EXPECT_FALSE(group.Wait());
}

}  // namespace
}  // namespace weft
