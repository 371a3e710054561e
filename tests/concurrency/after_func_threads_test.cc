// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// A stopped function dies where it is stopped: its destructors may block, which they may not on the loop's own stack.
TEST(AfterFunc, AStoppedFunctionIsDestroyedByWhoStopsIt) {
  OnLoops(2, [](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    std::thread::id destroyed_on;
    struct Noted {
      std::thread::id* on;
      ~Noted() { *on = std::this_thread::get_id(); }
    };
    auto noted = std::make_shared<Noted>(Noted{&destroyed_on});
    StopFunc stop = AfterFunc(scope.ctx, [noted = std::move(noted)] {});
    std::thread other([&] {
      EXPECT_TRUE(stop());
      EXPECT_EQ(destroyed_on, std::this_thread::get_id());
    });
    (void)Offload(Background(), [&] { other.join(); });
  });
}

TEST(AfterFunc, OnAPlainThreadItRunsInAThread) {
  const CancelScope scope = WithCancel(Background());
  std::thread::id ran_on;
  Event ran;
  const StopFunc stop = AfterFunc(scope.ctx, [&] {
    ran_on = std::this_thread::get_id();
    ran.Set();
  });

  scope.cancel();

  EXPECT_FALSE(ran.Wait(Background()));
  EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST(AfterFunc, OnAPlainThreadItIsStoppedOrJoined) {
  int runs = 0;
  int stopped = 0;
  for (int i = 0; i < Rounds(300); ++i) {
    const CancelScope scope = WithCancel(Background());
    StopFunc stop = AfterFunc(scope.ctx, [&] { ++runs; });  // joined below: no two run at once
    scope.cancel();
    if (i % 3 == 0) std::this_thread::yield();
    if (stop()) ++stopped;
    stop = StopFunc();
    EXPECT_EQ(runs + stopped, i + 1);
  }
}

TEST(AfterFuncDeathTest, OnAPlainThreadItsFunctionMustNotEndTheStopFunc) {
  WEFT_EXPECT_DEATH(
      {
        const CancelScope scope = WithCancel(Background());
        auto* stop = new StopFunc;
        *stop = AfterFunc(scope.ctx, [&] { delete stop; });
        scope.cancel();
        for (;;) (void)Sleep(Background(), 1h);
      },
      "~StopFunc: the function's own thread cannot wait for itself");
}

// A cancel, a stop and the end of the function meet in all orders.
TEST(AfterFunc, StopAndCancelDecideOnceBetweenThem) {
  OnLoops(2, [](const Context& ctx) {
    for (int i = 0; i < Rounds(2000); ++i) {
      const CancelScope scope = WithCancel(ctx);
      std::atomic<int> runs{0};
      Group group(ctx, {.spread = true});
      StopFunc stop = AfterFunc(scope.ctx, [&] { ++runs; });
      group.Go([&](const Context&) { scope.cancel(); });
      std::atomic<int> stopped{0};
      group.Go([&](const Context&) { stopped += stop() ? 1 : 0; });
      EXPECT_FALSE(group.Wait());
      stop = StopFunc();
      ASSERT_EQ(runs + stopped, 1);
    }
  });
}

}  // namespace
}  // namespace weft
