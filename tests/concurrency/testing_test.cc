// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/testing.h>

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(RunTest, TimeStandsStillWhileSomebodyRuns) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    Group group(ctx);
    for (int i = 0; i < 10; ++i) {
      group.Go([&](const Context&) {
        for (int k = 0; k < 100; ++k) Yield();
        EXPECT_EQ(Now(), start);
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(RunTest, TimeJumpsToTheNextTimer) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    std::vector<int> order;
    Group group(ctx);
    for (const int hours : {3, 1, 2}) {
      group.Go([&, hours](const Context& c) {
        EXPECT_FALSE(Sleep(c, std::chrono::hours(hours)));
        EXPECT_EQ(Now() - start, std::chrono::hours(hours));
        order.push_back(hours);
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  });
}

TEST(RunTest, TimeBeginsAtTheSamePointEachTime) {
  TimePoint first, second;
  Virtually([&](const Context&) { first = Now(); });
  Virtually([&](const Context&) { second = Now(); });

  EXPECT_EQ(first, second);
  EXPECT_NE(Now(), first) << "the clock is real again";
}

TEST(RunTest, ReturnsTheErrorOrExceptionOfTheBody) {
  const Error mine = Error::New("mine");

  EXPECT_TRUE(RunTest([&](const Context&) { return mine; }).Is(mine));
  const Error thrown = RunTest([](const Context&) { throw std::runtime_error("boom"); });
  EXPECT_EQ(thrown.Message(), "boom");
  EXPECT_NE(thrown.Exception(), nullptr);
}

TEST(RunTest, AHangIsAnErrorThatNamesWhoWaitsForWhat) {
  const Error err = RunTest([](const Context& ctx) {
    Mutex mutex;
    Event event;
    EXPECT_FALSE(mutex.Lock(ctx));
    Group group(ctx);
    group.Go("locker", [&](const Context& c) { return mutex.Lock(c); });
    group.Go("watcher", [&](const Context& c) { return event.Wait(c); });
    const Error result = group.Wait();
    mutex.unlock();
    EXPECT_TRUE(ctx.Cause().Is(kDeadlock));
    return result;
  });

  EXPECT_TRUE(err.Is(kDeadlock));
  for (const char* part : {"test", "  locker", "parked on mutex", "  watcher", "parked on event", "parked on group"}) {
    EXPECT_NE(err.Message().find(part), std::string::npos) << part << " in " << err.Message();
  }
}

TEST(RunTest, CleanUpAfterAHangMayTakeItsTime) {
  bool cleaned = false;
  const Error err = RunTest([&](const Context& ctx) {
    (void)ctx.Wait();
    const CancelScope scope = WithTimeout(WithoutCancel(ctx), 5s);
    cleaned = scope.ctx.Wait().Is(kDeadlineExceeded);
  });

  EXPECT_TRUE(err.Is(kDeadlock));
  EXPECT_TRUE(cleaned);
}

TEST(RunTest, AGroupOnTheHeapIsALeak) {
  std::unique_ptr<Group> group;
  const Error err = RunTest([&](const Context& ctx) {
    group = std::make_unique<Group>(ctx);
    group->Go("forgotten", [](const Context& c) { return Sleep(c, 1h); });
  });

  EXPECT_TRUE(err.Is(kLeaked)) << err.Message();
  EXPECT_NE(err.Message().find("forgotten"), std::string::npos) << err.Message();
  Virtually([](const Context& ctx) { Settle(ctx); });  // the next test is not touched by it
}

TEST(RunTest, AStopFuncThatOutlivesTheBodyIsALeak) {
  StopFunc stop;
  const CancelScope scope = WithCancel(Background());
  const Error err = RunTest([&](const Context&) { stop = AfterFunc(scope.ctx, [] {}); });

  EXPECT_TRUE(err.Is(kLeaked)) << err.Message();
  EXPECT_NE(err.Message().find("1 of its groups, StopFuncs or servers"), std::string::npos) << err.Message();
  EXPECT_TRUE(stop());
}

TEST(RunTest, OffloadedWorkHoldsTime) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    Group group(ctx);
    group.Go([&](const Context& c) {
      return Offload(c, [&] {
        std::this_thread::sleep_for(5ms);  // stands for a call that blocks its thread
        EXPECT_EQ(Now(), start);
      });
    });
    group.Go([&](const Context& c) { return Sleep(c, 1h); });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(Now() - start, 1h);
  });
}

TEST(RunTest, OffloadedWorkThatSleepsFollowsVirtualTime) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    const CancelScope scope = WithTimeout(ctx, 3h);
    const Error err = Offload(scope.ctx, [&](const Context& c) -> Error {
      EXPECT_FALSE(Sleep(c, 1h));
      EXPECT_EQ(Now() - start, 1h);
      Group threads(c);
      threads.Go([&](const Context& t) { return Sleep(t, 1h); });
      EXPECT_FALSE(threads.Wait());
      EXPECT_EQ(Now() - start, 2h);
      return c.Wait();
    });
    EXPECT_TRUE(err.Is(kDeadlineExceeded));
    EXPECT_EQ(Now() - start, 3h);
  });
}

TEST(RunTest, AnOffloadedThreadThatWaitsForeverIsAHang) {
  const Error err = RunTest([](const Context& ctx) {
    Event never;
    return Offload(ctx, [&](const Context& c) { return never.Wait(c); });
  });

  EXPECT_TRUE(err.Is(kDeadlock)) << err.Message();
  EXPECT_NE(err.Message().find("parked on offload"), std::string::npos) << err.Message();
}

// A pipe or socket of the test itself is as good as memory.
TEST(RunTest, TimeDoesNotOvertakeBytesOnTheirWay) {
  struct Readable : FdWatch {
    void OnFdEvents(std::uint32_t) override { signal.Notify(); }
    LoopSignal signal;
  };
  Virtually([](const Context& ctx) {
    int fds[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    Readable readable;
    ASSERT_FALSE(Loop::Current()->Add(readable, fds[0], 1 /* EPOLLIN */));
    const TimePoint start = Now();
    const CancelScope scope = WithTimeout(ctx, 1s);

    ASSERT_EQ(write(fds[1], "x", 1), 1);
    const LoopSignal::Outcome outcome = readable.signal.Wait(scope.ctx, "byte");

    EXPECT_EQ(outcome, LoopSignal::Outcome::kNotified);
    EXPECT_EQ(Now(), start);
    Loop::Current()->Remove(readable, fds[0]);
    close(fds[0]);
    close(fds[1]);
  });
}

TEST(RunTestDeathTest, WaitingWithoutAContextAborts) {
  WEFT_EXPECT_DEATH((void)RunTest([](const Context&) {
                      Event never;
                      (void)never.Wait(Background());
                    }),
                    "RunTest: deadlock; these fibers still wait after the test was canceled(.|\n)*test.*parked on event");
}

TEST(RunTestDeathTest, IsNotNested) {
  WEFT_EXPECT_DEATH((void)RunTest([](const Context&) { (void)RunTest([](const Context&) {}); }), "RunTest: it makes a loop of its own");
}

TEST(RunTestDeathTest, NeedsTheProcessForItself) {
  WEFT_EXPECT_DEATH(OnLoops(1, [](const Context& ctx) { (void)Offload(ctx, [] { (void)RunTest([](const Context&) {}); }); }),
                    "RunTest: other loops run in this process");
  WEFT_EXPECT_DEATH(Virtually([](const Context& ctx) { (void)Offload(ctx, [] { OnLoops(1, [](const Context&) {}); }); }),
                    "Run: loops on real time cannot run during RunTest");
}

}  // namespace
}  // namespace weft
