// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/singleflight.h>

#include <algorithm>
#include <string>
#include <vector>

#include "explore_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

using Flights = Singleflight<int, std::string>;

// One key, and what is known of its work.
struct Desk {
  Flights flights;
  int callers = 0;
  int begun = 0;    // flights so far; its number is the value
  int running = 0;
  std::vector<const Context*> flying;  // the contexts of those that run

  Result<Flights::Outcome> Ask(const Context& ctx) {
    ++callers;
    auto outcome = flights.Do(ctx, 7, [this](const Context& c) -> Result<std::string> {
      flying.push_back(&c);
      const auto wanted = std::count_if(flying.begin(), flying.end(), [](const Context* each) { return !each->Err(); });
      EXPECT_LE(wanted, 1) << "two flights for one key that are not given up";
      ++running;
      const int number = ++begun;
      const Error err = Sleep(c, 1ms);
      --running;
      std::erase(flying, &c);
      if (err) return err;
      return std::to_string(number);
    });
    --callers;
    EXPECT_TRUE(callers != 0 || running == 0) << "no work outlives all calls for it";
    return outcome;
  }
};

TEST(ExploreSingleflight, AllCallersMeanwhileShareOneFlight) {
  Exploring([](const Context& ctx) {
    Desk desk;
    int shared = 0;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        const auto outcome = desk.Ask(c);
        EXPECT_TRUE(outcome.Ok());
        EXPECT_EQ(outcome->value, "1");
        shared += outcome->shared ? 1 : 0;
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(shared, 3);
    EXPECT_EQ(desk.begun, 1);
    EXPECT_EQ(desk.Ask(ctx)->value, "2");
  });
}

// Callers leave one after the other, while it flies, lands or begins: whoever stays gets a value that was not canceled.
TEST(ExploreSingleflight, CallersThatStayGetAValueWhicheverOthersLeave) {
  Exploring([](const Context& ctx) {
    Desk desk;
    const CancelScope first = WithCancel(ctx), second = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        const auto outcome = desk.Ask(i == 0 ? first.ctx : i == 1 ? second.ctx : c);
        if (outcome.Ok()) {
          EXPECT_FALSE(outcome->value.empty());
        } else {
          EXPECT_TRUE(i < 2 && outcome.Err().Is(kCanceled)) << outcome.Err().Message();
        }
      });
    }
    for (const CancelScope* scope : {&first, &second}) {
      group.Go([&, scope](const Context&) {
        Yield();
        scope->cancel();
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(desk.running, 0);
  });
}

// When the last one leaves, the work is canceled and ended, and whoever comes then begins anew.
TEST(ExploreSingleflight, TheLastOneThatLeavesEndsTheFlight) {
  Exploring([](const Context& ctx) {
    Flights flights;
    int begun = 0, ended = 0;
    bool canceled = false;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context&) {
        const auto outcome = flights.Do(scope.ctx, 1, [&](const Context& c) -> Result<std::string> {
          ++begun;
          const Error err = c.Wait();
          EXPECT_TRUE(canceled) << "somebody waited for it";
          Yield();
          ++ended;
          return err;
        });
        EXPECT_TRUE(outcome.Err().Is(kCanceled));
      });
    }
    group.Go([&](const Context&) {
      canceled = true;
      scope.cancel();
    });
    group.Go([&](const Context& c) {
      while (!canceled) Yield();
      const CancelScope own = WithTimeout(c, 1ms);
      const auto outcome = flights.Do(own.ctx, 1, [](const Context& work) -> Result<std::string> {
        EXPECT_FALSE(work.Err());
        return std::string("new");
      });
      // It may have joined those that were just leaving, and is the last one then.
      EXPECT_TRUE(outcome.Ok() ? outcome->value == "new" : outcome.Err().Is(kDeadlineExceeded));
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(begun, ended);
  });
}

// After Forget nobody joins the old flight; its callers still get its value.
TEST(ExploreSingleflight, ACallerAfterForgetStartsANewFlight) {
  Exploring([](const Context& ctx) {
    Flights flights;
    int begun = 0, later = 0;
    const auto work = [&](const Context& c) -> Result<std::string> {
      const int number = ++begun;
      later += number > 1 ? 1 : 0;
      EXPECT_LE(later, 1) << "two flights, and none of them was forgotten";
      if (Error err = Sleep(c, number * 2ms)) return err;
      later -= number > 1 ? 1 : 0;
      return std::to_string(number);
    };
    bool forgotten = false;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        if (i == 2) (void)Sleep(c, 3ms);  // the first flight has landed, the second one may be under way
        const bool late = forgotten;
        const auto outcome = flights.Do(c, 1, work);
        EXPECT_TRUE(outcome.Ok());
        EXPECT_TRUE(!late || outcome->value != "1") << "the forgotten one";
      });
    }
    group.Go([&](const Context&) {
      while (begun == 0) Yield();
      flights.Forget(1);
      forgotten = true;
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_LE(begun, 3);
  });
}

TEST(ExploreSingleflight, ATimeoutAndTheLandingMeet) {
  Exploring([](const Context& ctx) {
    Desk desk;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        const CancelScope scope = WithTimeout(c, 1ms);
        const auto outcome = desk.Ask(scope.ctx);
        if (outcome.Ok()) {
          EXPECT_EQ(outcome->value, std::to_string(desk.begun));
        } else {
          EXPECT_TRUE(outcome.Err().Is(kDeadlineExceeded)) << outcome.Err().Message();
        }
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(desk.running, 0);
  });
}

// It is over before its first caller begins to wait.
TEST(ExploreSingleflight, NoCallerMissesAFlightThatLandsAtOnce) {
  Exploring([](const Context& ctx) {
    Flights flights;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        const auto outcome = flights.Do(c, 1, [](const Context&) -> Result<std::string> { return std::string("landed"); });
        EXPECT_TRUE(outcome.Ok() && outcome->value == "landed");
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

}  // namespace
}  // namespace weft
