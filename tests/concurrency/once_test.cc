// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/once.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Once, RunsTheFunctionOnce) {
  Virtually([](const Context& ctx) {
    Once once;
    int runs = 0;
    EXPECT_FALSE(once.IsDone());
    once.Do([&] { ++runs; });
    once.Do([&] { runs += 10; });
    EXPECT_FALSE(once.Do(ctx, [&] { runs += 10; }));
    EXPECT_TRUE(once.IsDone());
    EXPECT_EQ(runs, 1);
  });
}

TEST(Once, OthersWaitUntilTheFirstHasEnded) {
  Virtually([](const Context& ctx) {
    Once once;
    int runs = 0;
    const TimePoint start = Now();
    Group group(ctx);
    for (int i = 0; i < 5; ++i) {
      group.Go([&](const Context& c) {
        once.Do([&] {
          EXPECT_FALSE(Sleep(c, 3s));
          ++runs;
        });
        EXPECT_EQ(runs, 1);
        EXPECT_EQ(Now() - start, 3s);
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

// Go's TestOncePanic.
TEST(Once, AnExceptionGoesToItsCallerAndCountsAsDone) {
  Virtually([](const Context& ctx) {
    Once once;
    int other = 0;
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_THROW(once.Do([&] {
        EXPECT_FALSE(Sleep(c, 1s));
        throw std::runtime_error("no");
      }),
                   std::runtime_error);
    });
    Settle(ctx);
    group.Go([&](const Context&) {
      EXPECT_NO_THROW(once.Do([&] { ++other; }));
      EXPECT_TRUE(once.IsDone());
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_NO_THROW(once.Do([&] { ++other; }));
    EXPECT_EQ(other, 0);
  });
}

TEST(Once, AWaiterGivesUpWithItsContextAndTheFunctionGoesOn) {
  Virtually([](const Context& ctx) {
    Once once;
    bool done = false;
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(once.Do(c, [&](const Context& inner) {
        EXPECT_FALSE(Sleep(inner, 5s));
        done = true;
      }));
    });
    Settle(ctx);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(once.Do(scope.ctx, [] { ADD_FAILURE(); }).Is(kDeadlineExceeded));
    EXPECT_FALSE(done);
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(done);
    EXPECT_TRUE(once.Do(scope.ctx, [] { ADD_FAILURE(); }).Is(kDeadlineExceeded)) << "a done context fails also when it is done";
  });
}

TEST(Once, UnderADoneContextItDoesNotStart) {
  const CancelScope scope = WithCancel(Background());
  scope.cancel();
  Once once;
  EXPECT_TRUE(once.Do(scope.ctx, [] { ADD_FAILURE(); }).Is(kCanceled));
  EXPECT_FALSE(once.IsDone());
}

TEST(Once, LetsOneOfManyLoopsAndThreadsRun) {
  for (int round = 0; round < Rounds(200); ++round) {
    Once once;
    int runs = 0;  // not atomic: what the function did is seen by all
    auto ask = [&] {
      once.Do([&] {
        Yield();
        ++runs;
      });
      EXPECT_EQ(runs, 1);
    };
    std::thread plain(ask);
    OnLoops(2, [&](const Context& ctx) {
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 6; ++i) group.Go([&](const Context&) { ask(); });
      EXPECT_FALSE(group.Wait());
    });
    plain.join();
  }
}

TEST(OnceValue, IsMadeOnceAndItsFunctionIsDestroyed) {
  Virtually([](const Context& ctx) {
    auto kept = std::make_shared<int>(7);
    int runs = 0;
    OnceValue<std::string> value([kept, &runs] {
      ++runs;
      (void)Sleep(Background(), 1s);
      return std::to_string(*kept);
    });
    EXPECT_EQ(kept.use_count(), 2);
    Group group(ctx);
    const std::string* first = nullptr;
    for (int i = 0; i < 4; ++i) {
      group.Go([&](const Context&) {
        const std::string& mine = value.Get();
        EXPECT_EQ(mine, "7");
        if (first == nullptr) first = &mine;
        EXPECT_EQ(first, &mine) << "all share one";
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(value->size(), 1u);
    EXPECT_EQ(*value, "7");
    EXPECT_EQ(kept.use_count(), 1);
  });
}

// Go's TestOnceFuncPanic and its kin: every caller gets the exception, and the function is not run again.
TEST(OnceValue, AnExceptionIsKeptAndThrownToEveryCaller) {
  auto kept = std::make_shared<int>(0);
  int runs = 0;
  OnceValue<int> value([kept, &runs]() -> int {
    ++runs;
    throw std::runtime_error("no");
  });
  OnceFunc function([kept, &runs] {
    ++runs;
    throw std::runtime_error("no");
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_THROW(value.Get(), std::runtime_error);
    EXPECT_THROW(function(), std::runtime_error);
  }
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(OnceValue, MayBeOfATypeThatCannotBeMoved) {
  struct Fixed {
    explicit Fixed(int n) : number(n) {}
    Fixed(const Fixed&) = delete;
    int number;
  };
  OnceValue<Fixed> value([] { return Fixed(3); });
  EXPECT_EQ(value->number, 3);
}

TEST(OnceFunc, RunsOnceHoweverOftenItIsCalled) {
  int runs = 0;
  OnceFunc function([&] { ++runs; });
  for (int i = 0; i < 3; ++i) function();
  EXPECT_EQ(runs, 1);
}

TEST(OnceResult, KeepsAValueAnErrorAndAnException) {
  Virtually([](const Context& ctx) {
    int runs = 0;
    OnceResult<int> good([&](const Context& c) -> Result<int> {
      EXPECT_FALSE(Sleep(c, 1s));
      return ++runs;
    });
    OnceResult<int> bad([&](const Context&) -> Result<int> {
      ++runs;
      return kRefused;
    });
    OnceResult<int> broken([&](const Context&) -> Result<int> {
      ++runs;
      throw std::runtime_error("no");
    });
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(**good.Get(ctx), 1);
      EXPECT_TRUE(bad.Get(ctx).Err().Is(kRefused));
      EXPECT_THROW((void)broken.Get(ctx), std::runtime_error);
    }
    EXPECT_EQ(runs, 3);
  });
}

TEST(OnceResult, AnErrorOfTheCallersOwnContextIsNotKeptAndAWaiterRunsTheFunctionAnew) {
  Virtually([](const Context& ctx) {
    int runs = 0;
    OnceResult<int> value([&](const Context& c) -> Result<int> {
      const int run = ++runs;
      if (Error err = Sleep(c, 2s)) return err;
      return run;
    });
    Group group(ctx);
    const CancelScope scope = WithTimeout(ctx, 1s);
    group.Go([&](const Context&) { EXPECT_TRUE(value.Get(scope.ctx).Err().Is(kDeadlineExceeded)); });
    for (int i = 0; i < 3; ++i) {
      Settle(ctx);
      group.Go([&](const Context& c) { EXPECT_EQ(**value.Get(c), 2); });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(runs, 2);
    EXPECT_TRUE(value.Get(scope.ctx).Err().Is(kDeadlineExceeded)) << "a done context fails also when it is done";
  });
}

TEST(OnceResult, WithoutAWaiterTheNextCallerRunsTheFunctionAnew) {
  Virtually([](const Context& ctx) {
    OnceResult<int> value([](const Context& c) -> Result<int> {
      if (Error err = Sleep(c, 2s)) return err;
      return 5;
    });
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(value.Get(scope.ctx).Err().Is(kDeadlineExceeded));
    EXPECT_EQ(**value.Get(ctx), 5);
  });
}

TEST(OnceDeathTest, ACallByItsOwnFunctionAbortsByName) {
  const auto once = [] {
    Once o;
    o.Do([&] { o.Do([] {}); });
  };
  const auto with_context = [] {
    Virtually([](const Context& ctx) {
      Once o;
      (void)o.Do(ctx, [&] { (void)o.Do(ctx, [] {}); });
    });
  };
  const auto value = [] {
    OnceValue<int>* self = nullptr;
    OnceValue<int> v([&] { return self->Get(); });
    self = &v;
    v.Get();
  };
  WEFT_EXPECT_DEATH(once(), "Once::Do: called by its own function");
  WEFT_EXPECT_DEATH(with_context(), "Once::Do: called by its own function");
  WEFT_EXPECT_DEATH(value(), "OnceValue::Get: called by its own function");
}

}  // namespace
}  // namespace weft
