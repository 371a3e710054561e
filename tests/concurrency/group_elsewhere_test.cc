// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Runs `body` on a scheduler of its own, on a thread, and waits for that.
template <class F>
Error OnAnotherScheduler(const Context& ctx, F body) {
  return Offload(ctx, [&](const Context& c) {
    RunOptions options;
    options.loops = 1;
    return weft::Run(c, options, body);
  });
}

// A group that a server's handlers use belongs to where it was built, not to the scheduler of its callers.
TEST(GroupElsewhere, FibersOfAnotherSchedulerStartMembersAtItsPlace) {
  OnLoops(1, [](const Context& ctx) {
    const std::thread::id home = std::this_thread::get_id();
    std::atomic<int> at_home{0};
    Group group(ctx);
    EXPECT_FALSE(OnAnotherScheduler(ctx, [&](const Context& c) {
      Group callers(c);
      for (int i = 0; i < 20; ++i) {
        callers.Go([&, i](const Context&) {
          const auto member = [&](const Context& m) {
            at_home += std::this_thread::get_id() == home;
            return Sleep(m, 1ns);
          };
          EXPECT_TRUE(i % 2 == 0 ? group.Go("from elsewhere", member) : group.TryGo(member));
        });
      }
      return callers.Wait();
    }));
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(at_home.load(), 20);
  });
}

TEST(GroupElsewhere, ALimitHoldsForCallersOfAnotherScheduler) {
  OnLoops(1, [](const Context& ctx) {
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> ran{0};
    Group group(ctx, {.limit = 2});
    EXPECT_FALSE(OnAnotherScheduler(ctx, [&](const Context& c) {
      Group callers(c);
      for (int i = 0; i < 50; ++i) {
        callers.Go([&](const Context&) {
          EXPECT_TRUE(group.Go([&](const Context&) {
            const int now = ++inside;
            if (now > most) most = now;
            Yield();
            --inside;
            ++ran;
          }));
        });
      }
      return callers.Wait();
    }));
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(ran.load(), 50);
    EXPECT_LE(most.load(), 2);
  });
}

TEST(GroupElsewhere, ACanceledGroupRejectsCallersOfAnotherScheduler) {
  OnLoops(1, [](const Context& ctx) {
    const Error over = Error::New("over");
    Group group(ctx, {.limit = 1});
    EXPECT_TRUE(group.Go([](const Context& m) { return m.Wait(); }));
    std::atomic<int> refused{0};
    EXPECT_FALSE(OnAnotherScheduler(ctx, [&](const Context& c) {
      Group callers(c);
      for (int i = 0; i < 3; ++i) {
        callers.Go([&](const Context&) { refused += group.Go([](const Context&) { ADD_FAILURE(); }) ? 0 : 1; });
      }
      EXPECT_FALSE(group.TryGo([](const Context&) { ADD_FAILURE(); })) << "full";
      callers.Go([&](const Context&) { group.Cancel(over); });
      return callers.Wait();
    }));
    EXPECT_EQ(refused.load(), 3);
    EXPECT_TRUE(group.Wait().Is(over));
  });
}

// A member may fail, throw, and be named, also where members are threads.
TEST(GroupElsewhere, OnThreadsErrorsAndExceptionsAreKeptInTheirOrder) {
  const Error broken = Error::New("broken");
  Group group(Background());
  group.Go("fails", [&](const Context&) { return broken; });
  group.Go("throws", [&](const Context& c) -> Error {
    (void)c.Wait();
    throw std::runtime_error("thrown");
  });
  group.Go("repeats", [&](const Context& c) { return c.Wait(); });
  const Error err = group.Wait();
  EXPECT_TRUE(err.Is(broken));
  EXPECT_TRUE(group.Ctx().Cause().Is(broken));
  std::vector<std::string> messages;
  for (const Error& each : group.Errors()) messages.push_back(each.Message());
  EXPECT_EQ(messages, (std::vector<std::string>{"broken", "thrown"}));
  EXPECT_FALSE(group.Go([](const Context&) { ADD_FAILURE(); })) << "nothing starts after Wait";
}

TEST(GroupElsewhere, OnThreadsTryGoReturnsFalseWhileTheGroupIsFull) {
  Event go;
  Group group(Background(), {.limit = 1});
  EXPECT_TRUE(group.TryGo([&](const Context& c) { return go.Wait(c); }));
  EXPECT_FALSE(group.TryGo([](const Context&) { ADD_FAILURE(); }));
  go.Set();
  std::atomic<bool> ran{false};
  EXPECT_TRUE(group.Go([&](const Context&) { ran = true; })) << "Go waits for the place";
  EXPECT_FALSE(group.Wait());
  EXPECT_TRUE(ran.load());
}

TEST(GroupElsewhere, ATryGoMemberIsListedUnderItsBuilder) {
  Virtually([](const Context& ctx) {
    Group group(ctx);
    EXPECT_TRUE(group.TryGo([](const Context& c) { return Sleep(c, 1s); }));
    Settle(ctx);
    const std::vector<FiberInfo> fibers = ListFibers();
    EXPECT_EQ(fibers.size(), 2U);
    if (fibers.size() == 2U) {
      EXPECT_EQ(fibers[1].parent, fibers[0].id);
    }
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
