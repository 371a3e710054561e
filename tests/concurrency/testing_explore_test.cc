// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/testing_explore.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/runtime/park.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Everything that a schedule may vary, as a text of who came when.
Error Traced(const Context& ctx, std::string& trace) {
  Mutex mutex;
  Event go;
  const CancelScope scope = WithTimeout(ctx, 5ms);
  Group group(ctx, {.limit = 4});
  for (int i = 0; i < 4; ++i) {
    group.Go([&, i](const Context& c) -> Error {
      const char name = static_cast<char>('a' + i);
      trace += name;
      (void)Sleep(c, 5ms);
      trace += name;
      if (i % 2 == 0) (void)go.Wait(scope.ctx);
      if (Error err = mutex.Lock(c)) return err;
      trace += name;
      mutex.unlock();
      (void)Offload(c, [&] { trace += static_cast<char>(name - 'a' + 'A'); });
      trace += name;
      return {};
    });
  }
  trace += '!';
  go.Set();
  return group.Wait();
}

TEST(Explore, TheSameSeedIsTheSameInterleaving) {
  std::set<std::string> traces;
  const auto seeds = static_cast<std::uint64_t>(Rounds(200));
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    std::string first, second;
    EXPECT_FALSE(Explore({.schedules = 1, .seed = seed}, [&](const Context& ctx) { return Traced(ctx, first); }));
    EXPECT_FALSE(Explore({.schedules = 1, .seed = seed}, [&](const Context& ctx) { return Traced(ctx, second); }));
    EXPECT_EQ(first, second) << "seed " << seed;
    traces.insert(first);
  }
  EXPECT_GT(traces.size(), seeds / 2) << "and other seeds are others";
}

TEST(Explore, ReachesAllOrdersOfAFew) {
  std::set<std::string> orders;
  EXPECT_FALSE(Explore({.schedules = 500, .seed = 1}, [&](const Context& ctx) {
    std::string order;
    Group group(ctx);
    for (const char name : {'a', 'b', 'c', 'd'}) group.Go([&, name](const Context&) { order += name; });
    EXPECT_FALSE(group.Wait());
    orders.insert(order);
  }));
  EXPECT_EQ(orders.size(), 24U);
}

TEST(Explore, TimersOfTheSameTimeFireInAnyOrder) {
  std::set<std::string> orders;
  EXPECT_FALSE(Explore({.schedules = 300, .seed = 1}, [&](const Context& ctx) {
    std::string order;
    const TimePoint start = Now();
    Group group(ctx);
    for (const char name : {'a', 'b', 'c'}) {
      group.Go([&, name](const Context& c) {
        EXPECT_FALSE(Sleep(c, 1s));
        order += name;
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(Now() - start, 1s) << "time stays exact";
    orders.insert(order);
  }));
  EXPECT_EQ(orders.size(), 6U);
}

// Two steps with a call in between that others may use, although it does not wait.
Error LosesAnUpdate(const Context& ctx) {
  Mutex unrelated;
  int count = 0;
  Group group(ctx);
  for (int i = 0; i < 2; ++i) {
    group.Go([&](const Context& c) -> Error {
      const int before = count;
      if (Error err = unrelated.Lock(c)) return err;
      count = before + 1;
      unrelated.unlock();
      return {};
    });
  }
  if (Error err = group.Wait()) return err;
  return count == 2 ? Error() : Error::New("lost an update");
}

std::string SeedIn(const std::string& message) {
  const std::size_t at = message.find("WEFT_SEED=");
  return at == std::string::npos ? "" : message.substr(at + 10, message.find(';', at) - at - 10);
}

TEST(Explore, FindsARaceAndItsSeedFindsItAgain) {
  const Error found = Explore({.seed = 1}, LosesAnUpdate);
  ASSERT_TRUE(found);
  EXPECT_NE(found.Message().find("lost an update"), std::string::npos) << found.Message();
  EXPECT_NE(found.Message().find("member#"), std::string::npos) << "says who ran: " << found.Message();
  const std::string seed = SeedIn(found.Message());
  ASSERT_FALSE(seed.empty());

  setenv("WEFT_SEED", seed.c_str(), 1);
  const Error again = Explore({}, LosesAnUpdate);
  unsetenv("WEFT_SEED");

  EXPECT_EQ(SeedIn(again.Message()), seed);
  EXPECT_NE(again.Message().find("schedule 1 of 1"), std::string::npos) << again.Message();
}

TEST(Explore, ADeadlockEndsIt) {
  const Error err = Explore({.seed = 1}, [](const Context& ctx) -> Error {
    Mutex a, b;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&, i](const Context& c) -> Error {
        Mutex& first = i == 0 ? a : b;
        Mutex& second = i == 0 ? b : a;
        if (Error failed = first.Lock(c)) return failed;
        Error failed = second.Lock(c);
        if (!failed) second.unlock();
        first.unlock();
        return failed;
      });
    }
    return group.Wait();
  });
  EXPECT_TRUE(err.Is(Error(Errc::kDeadlock))) << err.Message();
  EXPECT_FALSE(SeedIn(err.Message()).empty());
}

TEST(Explore, AbortsOnLeftoverFibers) {
  std::unique_ptr<Group> kept;
  const Error err = Explore({}, [&](const Context& ctx) {
    kept = std::make_unique<Group>(ctx);
    kept->Go([](const Context& c) { (void)Sleep(c, 1s); });
  });
  EXPECT_TRUE(err.Is(Error(Errc::kLeaked))) << err.Message();
}

TEST(Explore, AnExceptionEndsIt) {
  int ran = 0;
  const Error err = Explore({.seed = 1}, [&](const Context&) {
    if (++ran == 3) throw std::runtime_error("thrown");
  });
  EXPECT_EQ(ran, 3);
  EXPECT_NE(err.Message().find("thrown"), std::string::npos) << err.Message();
}

TEST(Explore, AFailureOfTheFrameworkEndsIt) {
  int ran = 0;
  const Error err = Explore({.seed = 1, .failed = [&] { return ran == 5; }}, [&](const Context&) { ++ran; });
  EXPECT_EQ(ran, 5);
  EXPECT_FALSE(SeedIn(err.Message()).empty());
}

TEST(Explore, FibersThatPollDoNotKeepOthersOut) {
  EXPECT_FALSE(Explore({.schedules = Rounds(300)}, [](const Context& ctx) {
    int turn = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context&) {
        while (turn != i) Yield();
        ++turn;
      });
    }
    EXPECT_FALSE(group.Wait());
  }));
}

TEST(Explore, AScheduleWithoutEndIsAFailure) {
  const Error err = Explore({.schedules = 3}, [](const Context& ctx) {
    while (!ctx.Err()) Yield();
  });
  EXPECT_NE(err.Message().find("does not end"), std::string::npos) << err.Message();
}

TEST(Explore, AFunctionOfOffloadMayWaitForFibers) {
  EXPECT_FALSE(Explore({.schedules = Rounds(100)}, [](const Context& ctx) {
    Event asked, answered;
    Group group(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(asked.Wait(c));
      answered.Set();
    });
    EXPECT_FALSE(Offload(ctx, [&](const Context& c) {
      asked.Set();
      return answered.Wait(c);
    }));
    EXPECT_FALSE(group.Wait());
  }));
}

// What a loop's own signal relies on: no other fiber between the look and the wait.
TEST(Explore, ALoopSignalIsNotMissed) {
  EXPECT_FALSE(Explore({.schedules = Rounds(300)}, [](const Context& ctx) {
    LoopSignal signal;
    bool ready = false;
    Group group(ctx);
    group.Go([&](const Context& c) {
      while (!ready) EXPECT_EQ(signal.Wait(c, "test"), LoopSignal::Outcome::kNotified);
    });
    group.Go([&](const Context&) {
      ready = true;
      signal.Notify();
    });
    EXPECT_FALSE(group.Wait());
  }));
}

TEST(Explore, AbortsIfALockIsHeldAcrossAnInterruption) {
  WEFT_EXPECT_DEATH((void)Explore({}, [](const Context& ctx) {
    internal::SmallLock lock;
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context&) {
        const std::lock_guard hold(lock);
        internal::Parker parker("wrong");
      });
    }
    EXPECT_FALSE(group.Wait());
  }), "internal lock");
}

TEST(Explore, ADyingProcessNamesTheSeed) {
  WEFT_EXPECT_DEATH((void)Explore({.seed = 77}, [](const Context&) { std::abort(); }), "WEFT_SEED=77");
}

TEST(Explore, NestsIntoNothing) {
  WEFT_EXPECT_DEATH((void)Explore({}, [](const Context&) { (void)Explore({}, [](const Context&) {}); }), "Explore");
}

}  // namespace
}  // namespace weft
