// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/offload.h>

#include <sched.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

static_assert(std::is_same_v<decltype(Offload(Background(), [] { return 1; })), Result<int>>);
static_assert(std::is_same_v<decltype(Offload(Background(), [] {})), Error>);
static_assert(std::is_same_v<decltype(Offload(Background(), [] { return Error(); })), Error>);
static_assert(std::is_same_v<decltype(Offload(Background(), [] { return Result<int>(1); })), Result<int>>);

TEST(Offload, RunsOnAnotherThreadAndParksTheFiber) {
  Virtually([](const Context& ctx) {
    const std::thread::id home = std::this_thread::get_id();
    Group group(ctx);
    Event inside, go;
    group.Go([&](const Context& c) {
      return Offload(c, [&](const Context& d) {
        EXPECT_NE(std::this_thread::get_id(), home);
        EXPECT_EQ(Loop::Current(), nullptr);
        inside.Set();
        return go.Wait(d);
      });
    });
    EXPECT_FALSE(inside.Wait(ctx)) << "the loop goes on meanwhile";
    go.Set();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(std::this_thread::get_id(), home);
  });
}

TEST(Offload, BringsBackWhatTheFunctionReturned) {
  Virtually([](const Context& ctx) {
    EXPECT_EQ(*Offload(ctx, [] { return std::string("text"); }), "text");
    EXPECT_EQ(**Offload(ctx, [] { return std::make_unique<int>(3); }), 3);
    EXPECT_TRUE(Offload(ctx, [] { return Error(kClosed); }).Is(kClosed));
    EXPECT_TRUE(Offload(ctx, [] { return Result<int>(kTimeout); }).Err().Is(kTimeout));
    EXPECT_FALSE(Offload(ctx, [] {}));
    EXPECT_EQ(*Offload(ctx, [value = std::make_unique<int>(4)] { return *value; }), 4);
  });
}

TEST(Offload, TheContextGivenIsTheCurrentOne) {
  static constexpr Key<int> kKey{"number"};
  const auto number = [] {
    const int* value = CurrentContext().Value(kKey);
    return value != nullptr ? *value : 0;
  };
  Virtually([&](const Context& ctx) {
    const Context one = WithValue(ctx, kKey, 1);
    Group group(one);
    group.Go([&](const Context& c) {
      EXPECT_EQ(*Offload(c, number), 1);
      EXPECT_EQ(*Offload(WithValue(c, kKey, 2), number), 2);
      EXPECT_EQ(*Offload(c, [&](const Context& d) { return *Offload(WithValue(d, kKey, 3), number) * 10 + number(); }), 31) << "one in place";
      EXPECT_EQ(number(), 1);
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(*Offload(ctx, number), 0) << "the pool's thread has not kept it";
  });
  EXPECT_EQ(*Offload(WithValue(Background(), kKey, 4), number), 4) << "on a plain thread";
  EXPECT_EQ(number(), 0);
}

TEST(Offload, ExceptionsComeBackAsErrors) {
  Virtually([](const Context& ctx) {
    const Error err = Offload(ctx, []() -> Result<int> { throw std::runtime_error("disk"); }).Err();
    EXPECT_EQ(err.Message(), "disk");
    EXPECT_NE(err.Exception(), nullptr);
    EXPECT_EQ(Offload(ctx, [] { throw 1; }).Message(), "an exception that is not a std::exception");
  });
}

TEST(Offload, UnderADoneContextNothingIsCalled) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    scope.cancel(Error::New("over"));
    bool called = false;

    const Error err = Offload(scope.ctx, [&] { called = true; });

    EXPECT_EQ(err.Message(), "context canceled: over");
    EXPECT_FALSE(called);
  });
}

TEST(Offload, WaitsInTheQueueUntilItsContextEnds) {
  TestOptions options;
  options.offload_threads = 1;
  const Error result = RunTest(options, [](const Context& ctx) {
    Event inside, go;
    Group group(ctx);
    group.Go([&](const Context& c) {
      return Offload(c, [&] {
        inside.Set();
        (void)go.Wait(Background());
      });
    });
    EXPECT_FALSE(inside.Wait(ctx));
    bool called = false;
    const CancelScope scope = WithTimeout(ctx, 1s);

    EXPECT_TRUE(Offload(scope.ctx, [&] { called = true; }).Is(kDeadlineExceeded));

    go.Set();
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(called);
    EXPECT_FALSE(Offload(ctx, [&] { called = true; }));
    EXPECT_TRUE(called);
  });
  EXPECT_FALSE(result) << result.Message();
}

// It may use the caller's stack.
TEST(Offload, AStartedFunctionIsWaitedFor) {
  Virtually([](const Context& ctx) {
    const CancelScope scope = WithCancel(ctx);
    Event inside;
    Group group(ctx);
    group.Go([&](const Context& c) {
      (void)inside.Wait(c);
      scope.cancel();
    });

    const Result<int> result = Offload(scope.ctx, [&](const Context& c) {
      inside.Set();
      EXPECT_TRUE(c.Wait().Is(kCanceled)) << "it notices the cancel";
      (void)Sleep(Background(), 1s);
      return 7;
    });

    ASSERT_TRUE(result.Ok()) << "what has happened wins";
    EXPECT_EQ(*result, 7);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Offload, AQueueLongerThanThePoolIsWorkedOff) {
  OnLoops(2, [](const Context& ctx) {
    std::atomic<int> runs{0};
    Group group(ctx, {.spread = true});
    for (int i = 0; i < Rounds(2000); ++i) {
      group.Go([&](const Context& c) { return Offload(c, [&] { ++runs; }); });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(runs.load(), Rounds(2000));
  });
}

// Two jobs that come at once, while one thread is idle: the second must not wait behind the first, which waits for it.
TEST(Offload, JobsThatDependOnEachOtherRunAtTheSameTime) {
  OnLoops(1, [](const Context& ctx) {
    for (int i = 0; i < Rounds(200); ++i) {
      EXPECT_FALSE(Offload(ctx, [] {}));  // leaves an idle thread
      Event a, b;
      Group group(ctx);
      group.Go([&](const Context& c) {
        return Offload(c, [&] {
          a.Set();
          (void)b.Wait(Background());
        });
      });
      group.Go([&](const Context& c) {
        return Offload(c, [&] {
          b.Set();
          (void)a.Wait(Background());
        });
      });
      EXPECT_FALSE(group.Wait());
    }
  });
}

TEST(Offload, OnAPlainThreadItRunsInPlace) {
  std::thread::id ran_on;
  EXPECT_FALSE(Offload(Background(), [&] { ran_on = std::this_thread::get_id(); }));
  EXPECT_EQ(ran_on, std::this_thread::get_id());
  EXPECT_EQ(Offload(Background(), []() -> int { throw std::runtime_error("here"); }).Err().Message(), "here");
}

TEST(Offload, ItsThreadsStandBackForLoops) {
  OnLoops(1, [](const Context& ctx) {
    const int here = sched_getscheduler(0);
    const Result<int> policy = Offload(ctx, [] { return sched_getscheduler(0); });
    if (here != SCHED_OTHER) GTEST_SKIP() << "this process has a policy of its own: " << here;
    EXPECT_EQ(*policy, SCHED_BATCH);
  });
}

TEST(Offload, CancelAndStartMeet) {
  OnLoops(2, [](const Context& ctx) {
    std::atomic<int> calls{0};
    std::atomic<int> done{0};
    std::atomic<int> given_up{0};
    const int rounds = Rounds(1000);
    for (int i = 0; i < rounds; ++i) {
      const CancelScope scope = WithCancel(ctx);
      Group group(ctx, {.spread = true});
      group.Go([&](const Context&) {
        const Error err = Offload(scope.ctx, [&] { ++calls; });
        ++(err ? given_up : done);
      });
      group.Go([&](const Context&) { scope.cancel(); });
      EXPECT_FALSE(group.Wait());
    }
    EXPECT_EQ(calls.load(), done.load());
    EXPECT_EQ(done + given_up, rounds);
  });
}

}  // namespace
}  // namespace weft
