// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>
#include <stdexcept>

#include <boost/asio/steady_timer.hpp>

#include <weft/concurrency/event.h>
#include <weft/concurrency/loop.h>

#include "await_kit.h"

// A loop that sleeps in Asio, because somebody asked for its executor.
namespace weft {
namespace {

using namespace testing;
using std::chrono::microseconds;

TEST(AsioDriver, AnAlarmForAPassedTimeEndsTheSleepAgain) {
  RunLoop([](const Context& ctx) {
    CurrentExecutor();
    LoopSignal signal;
    const TimePoint until = Now() + microseconds(100);
    ASSERT_EQ(signal.Wait(ctx, "the alarm", until), LoopSignal::Outcome::kTimedOut);

    EXPECT_EQ(signal.Wait(ctx, "the same alarm", until), LoopSignal::Outcome::kTimedOut);
  });
}

TEST(AsioDriver, FibersRunAlthoughAHandlerPostsItselfForever) {
  RunLoop([](const Context& ctx) {
    struct Again {
      void operator()() {
        if (!*stop) asio::post(executor, Again(*this));
      }
      asio::any_io_executor executor;
      bool* stop;
    };
    bool stop = false;
    asio::post(CurrentExecutor(), Again{CurrentExecutor(), &stop});

    for (int i = 0; i < 10; ++i) Yield();
    EXPECT_FALSE(Sleep(ctx, microseconds(100)));
    stop = true;
  });
}

TEST(AsioDriver, FibersThatNeverWaitDoNotStopTheHandlers) {
  RunLoop([](const Context&) {
    bool ran = false;
    asio::post(CurrentExecutor(), [&] { ran = true; });

    while (!ran) Yield();
  });
}

TEST(AsioDriver, ASleepingLoopIsWokenByAnotherOne) {
  RunLoops(2, [](const Context& ctx) {
    int turn = 0;
    GroupOptions spread;
    spread.spread = true;
    for (int round = 0; round < 200; ++round) {
      Event there, back;
      Group group(ctx, spread);
      group.Go("first", [&](const Context& c) -> Error {
        CurrentExecutor();
        there.Set();
        return back.Wait(c);
      });
      group.Go("second", [&](const Context& c) -> Error {
        CurrentExecutor();
        if (Error err = there.Wait(c)) return err;
        ++turn;
        back.Set();
        return {};
      });
      ASSERT_FALSE(group.Wait());
    }
    EXPECT_EQ(turn, 200);
  });
}

TEST(AsioDriver, AStoppedIoContextGoesOn) {
  RunLoop([](const Context& ctx) {
    const asio::any_io_executor executor = CurrentExecutor();
    auto& io = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
    asio::post(executor, [&] { io.stop(); });

    EXPECT_FALSE(asio::post(executor, Await(ctx)));
    EXPECT_FALSE(Sleep(ctx, microseconds(100)));
  });
}

TEST(AsioDriver, DestroysPendingHandlersUncalledWhenTheLoopEnds) {
  bool called = false;
  std::weak_ptr<int> held;
  RunLoop([&](const Context&) {
    auto timer = std::make_shared<asio::steady_timer>(CurrentExecutor(), std::chrono::hours(1));
    auto mark = std::make_shared<int>(1);
    held = mark;
    timer->async_wait([&called, timer, mark](error_code) { called = true; });
  });

  EXPECT_FALSE(called);
  EXPECT_TRUE(held.expired());
}

TEST(AsioDriverDeathTest, AnExceptionOutOfARawHandlerEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto throw_in_handler = [] {
    RunLoop([](const Context& ctx) {
      asio::post(CurrentExecutor(), [] { throw std::runtime_error("out of a handler"); });
      (void)Sleep(ctx, std::chrono::seconds(10));
    });
  };

  EXPECT_DEATH(throw_in_handler(), "raw Asio handler, which must not throw: out of a handler");
}

}  // namespace
}  // namespace weft
