// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/timer.h>

#include <algorithm>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Whether the timer is silent for a long time.
bool Silent(const Context& ctx, Timer& timer) {
  const CancelScope scope = WithTimeout(ctx, 1h);
  return timer.Wait(scope.ctx).Is(kDeadlineExceeded);
}

TEST(Timer, HappensOnceForEachTimeThatIsSet) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    Timer timer(2s);
    EXPECT_FALSE(timer.Wait(ctx));
    EXPECT_EQ(Now() - start, 2s);
    EXPECT_TRUE(Silent(ctx, timer)) << "once";

    EXPECT_FALSE(timer.Reset(3s)) << "it was not set";
    const TimePoint again = Now();
    EXPECT_FALSE(timer.Wait(ctx));
    EXPECT_EQ(Now() - again, 3s);
  });
}

TEST(Timer, StopSaysWhetherItPreventedIt) {
  Virtually([](const Context& ctx) {
    Timer fresh(1s);
    EXPECT_TRUE(fresh.Stop());
    EXPECT_FALSE(fresh.Stop()) << "a second time";

    Timer taken(1s);
    EXPECT_FALSE(taken.Wait(ctx));
    EXPECT_FALSE(taken.Stop());

    Timer overdue(1s);
    EXPECT_FALSE(Sleep(ctx, 2s));
    EXPECT_TRUE(overdue.Stop()) << "its time has come, but nobody got it";

    Timer never;
    EXPECT_FALSE(never.Stop());
    for (Timer* timer : {&fresh, &taken, &overdue, &never}) EXPECT_TRUE(Silent(ctx, *timer));
  });
}

TEST(Timer, ResetSaysWhatStopWouldAndForgetsTheOldTime) {
  Virtually([](const Context& ctx) {
    Timer timer(1s);
    EXPECT_FALSE(Sleep(ctx, 5s));
    EXPECT_TRUE(timer.Reset(2s)) << "overdue, and nobody got it";
    const TimePoint start = Now();
    EXPECT_FALSE(timer.Wait(ctx));
    EXPECT_EQ(Now() - start, 2s) << "not at once, for the old time";

    EXPECT_FALSE(timer.Reset(1s)) << "taken";
    EXPECT_TRUE(timer.Reset(1s));
    EXPECT_TRUE(timer.Stop());
    EXPECT_FALSE(timer.Reset(1s)) << "stopped";
    EXPECT_FALSE(timer.Wait(ctx));
  });
}

struct Move {
  const char* name;
  Duration to;        // the new time, set one second after the start
  Duration ends;      // when the wait ends, from the start
};
constexpr Move kMoves[] = {{"earlier", 1s, 2s}, {"later", 20s, 21s}, {"to now", 0s, 1s}, {"into the past", -5s, 1s}};

TEST(Timer, ItsTimeMayBeMovedWhileAFiberWaits) {
  for (const Move& move : kMoves) {
    for (const bool in_select : {false, true}) {
      Virtually([&](const Context& ctx) {
        Timer timer(10s);
        const TimePoint start = Now();
        Group group(ctx);
        group.Go([&](const Context& c) -> Error {
          if (Error err = Sleep(c, 1s)) return err;
          EXPECT_TRUE(timer.Reset(move.to)) << move.name;
          return {};
        });
        if (in_select) {
          EXPECT_EQ(*Select(ctx, OnAfter(1h), OnTimer(timer)), 1u);
        } else {
          EXPECT_FALSE(timer.Wait(ctx));
        }
        EXPECT_EQ(Now() - start, move.ends) << move.name << (in_select ? ", in a Select" : "");
        EXPECT_FALSE(group.Wait());
      });
    }
  }
}

TEST(Timer, AWaiterAtAStoppedTimerWaitsForTheNextReset) {
  for (const bool in_select : {false, true}) {
    Virtually([&](const Context& ctx) {
      Timer timer(5s);
      const TimePoint start = Now();
      Group group(ctx);
      group.Go([&](const Context& c) -> Error {
        if (Error err = Sleep(c, 1s)) return err;
        EXPECT_TRUE(timer.Stop());
        if (Error err = Sleep(c, 10s)) return err;
        EXPECT_FALSE(timer.Reset(2s));
        return {};
      });
      if (in_select) {
        EXPECT_EQ(*Select(ctx, OnTimer(timer), OnAfter(1h)), 0u);
      } else {
        EXPECT_FALSE(timer.Wait(ctx));
      }
      EXPECT_EQ(Now() - start, 13s);
      EXPECT_FALSE(group.Wait());
    });
  }
}

// Both happen at the same instant, in either order: the old time is given to the waiter, or taken back, and never both.
TEST(Timer, AResetAtTheVeryMomentDecidesOnce) {
  for (const bool reset_is_armed_first : {false, true}) {
    for (const bool in_select : {false, true}) {
      Virtually([&](const Context& ctx) {
        Timer timer(1s);
        bool taken_back = false;
        TimePoint got;
        const TimePoint start = Now();
        Group group(ctx);
        const auto reset = [&](const Context& c) -> Error {
          if (Error err = Sleep(c, 1s)) return err;
          taken_back = timer.Reset(1s);
          return {};
        };
        const auto wait = [&](const Context& c) -> Error {
          const Error err = in_select ? Select(c, OnTimer(timer), OnAfter(1h)).Err() : timer.Wait(c);
          got = Now();
          return err;
        };
        if (reset_is_armed_first) group.Go(reset);
        group.Go(wait);
        if (!reset_is_armed_first) group.Go(reset);
        EXPECT_FALSE(group.Wait());
        EXPECT_EQ(got - start, taken_back ? 2s : 1s);
        EXPECT_EQ(timer.Stop(), !taken_back) << "what was set anew is still there if the waiter had the old one";
      });
    }
  }
}

TEST(Timer, ZeroAndLessHappenAtOnce) {
  Virtually([](const Context& ctx) {
    const TimePoint start = Now();
    for (const Duration d : {Duration(0), Duration(-1), Duration(-1h), Duration::min()}) {
      Timer timer(d);
      EXPECT_FALSE(timer.Wait(ctx));
      EXPECT_FALSE(timer.Reset(d));
      EXPECT_EQ(*Select(ctx, OnTimer(timer), OnAfter(1h)), 0u);
      EXPECT_EQ(*Select(ctx, OnAfter(d), OnAfter(1h)), 0u);
      EXPECT_FALSE(Sleep(ctx, d));
    }
    EXPECT_EQ(Now(), start);
  });
}

// The sum of now and the duration does not run over.
TEST(Timer, AnEndlessTimeNeverComes) {
  Virtually([](const Context& ctx) {
    for (const Duration d : {Duration::max(), Duration::max() - 1ns, Duration::max() - 1h}) {
      Timer timer(d);
      EXPECT_TRUE(Silent(ctx, timer));
      const CancelScope scope = WithTimeout(ctx, 1h);
      EXPECT_TRUE(Select(scope.ctx, OnTimer(timer), OnAfter(d)).Err().Is(kDeadlineExceeded));
      const CancelScope again = WithTimeout(ctx, 1h);
      EXPECT_TRUE(Sleep(again.ctx, d).Is(kDeadlineExceeded));
      (void)timer.Reset(1s);
      EXPECT_FALSE(timer.Wait(ctx));
    }
  });
}

TEST(Timer, ManyHappenInTheOrderOfTheirTimes) {
  Virtually([](const Context& ctx) {
    std::minstd_rand random(7);
    std::vector<Duration> times;
    const TimePoint start = Now();
    Group group(ctx);
    for (int i = 0; i < 500; ++i) {
      const Duration d = std::chrono::milliseconds(random() % 300);
      group.Go([&, i, d](const Context& c) -> Error {
        Timer timer(d);
        Error err;
        if (i % 3 == 0) err = timer.Wait(c);
        if (i % 3 == 1) err = Select(c, OnTimer(timer), OnAfter(1h)).Err();
        if (i % 3 == 2) err = Select(c, OnAfter(1h), OnAfter(d)).Err();
        EXPECT_EQ(Now() - start, d);
        times.push_back(d);
        return err;
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(times.size(), 500u);
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  });
}

TEST(Timer, ExactlyOneOfSeveralWaitersGetsIt) {
  Virtually([](const Context& ctx) {
    Timer timer(1s);
    int got = 0;
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) -> Error {
        const Error err = i % 2 == 0 ? timer.Wait(c) : Select(c, OnTimer(timer)).Err();
        got += err ? 0 : 1;
        return err;
      });
    }
    for (int round = 1; round <= 4; ++round) {
      EXPECT_FALSE(Sleep(ctx, 5s));
      EXPECT_EQ(got, round);
      EXPECT_FALSE(timer.Reset(1s));
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(timer.Stop());
  });
}

TEST(Timer, AnEndedContextTakesNothing) {
  Virtually([](const Context& ctx) {
    Timer timer(5s);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(timer.Wait(scope.ctx).Is(kDeadlineExceeded));
    EXPECT_FALSE(Sleep(ctx, 10s));
    EXPECT_TRUE(timer.Wait(scope.ctx).Is(kDeadlineExceeded)) << "under a done context it fails, though its time has come";
    EXPECT_TRUE(Select(scope.ctx, OnTimer(timer, [] { ADD_FAILURE(); })).Err().Is(kDeadlineExceeded));
    EXPECT_FALSE(timer.Wait(ctx)) << "and its time is still there";
  });
}

TEST(Timer, ASelectLeavesTheTimeOfACaseItDidNotRun) {
  Virtually([](const Context& ctx) {
    Timer timer(5s);
    EXPECT_EQ(*Select(ctx, OnTimer(timer), OnAfter(1s)), 1u);
    EXPECT_EQ(*Select(ctx, OnTimer(timer), OnDefault()), 1u);
    const TimePoint start = Now();
    int ran = 0;
    EXPECT_EQ(*Select(ctx, OnTimer(timer, [&] { ++ran; }), OnAfter(1h)), 0u);
    EXPECT_EQ(Now() - start, 4s);
    EXPECT_EQ(ran, 1);
    const Error bad = Error::New("bad");
    (void)timer.Reset(0s);
    EXPECT_TRUE(Select(ctx, OnTimer(timer, [&]() -> Error { return bad; })).Err().Is(bad));
  });
}

TEST(Timer, OnAfterCountsFromTheBeginningOfEachSelect) {
  Virtually([](const Context& ctx) {
    SelectCases cases;
    cases.Add(OnAfter(3s));
    cases.Add(OnAfter(2s));
    for (int i = 0; i < 3; ++i) {
      const TimePoint start = Now();
      EXPECT_EQ(*Select(ctx, cases), 1u);
      EXPECT_EQ(Now() - start, 2s);
    }
  });
}

TEST(Timer, TakesItsTimeOnPlainThreads) {
  const TimePoint start = Now();
  Timer timer(20ms);
  EXPECT_FALSE(timer.Wait(Background()));
  EXPECT_GE(Now() - start, 20ms);
  EXPECT_EQ(*Select(Background(), OnAfter(5ms), OnAfter(1h)), 0u);
}

TEST(Timer, IsMovedFromAnotherThread) {
  Timer timer(1h);
  std::thread mover([&] { EXPECT_TRUE(timer.Reset(1ms)); });
  EXPECT_FALSE(timer.Wait(Background()));
  mover.join();
}

// Stop and the moment meet on two loops and a thread: Stop is true exactly if nobody got it.
TEST(Timer, StopAndTheMomentDecideOnceBetweenThem) {
  OnLoops(2, [](const Context& ctx) {
    std::minstd_rand random(3);
    for (int i = 0; i < Rounds(3000); ++i) {
      Timer timer(std::chrono::microseconds(random() % 40));
      const Duration stop_after = std::chrono::microseconds(random() % 40);
      const CancelScope scope = WithCancel(ctx);
      int got = 0;
      bool stopped = false;
      Group group(ctx, {.spread = true});
      group.Go([&](const Context&) { got = (i % 2 == 0 ? timer.Wait(scope.ctx) : Select(scope.ctx, OnTimer(timer)).Err()) ? 0 : 1; });
      group.Go([&](const Context& c) {
        (void)Sleep(c, stop_after);
        stopped = timer.Stop();
        if (stopped) scope.cancel();
      });
      EXPECT_FALSE(group.Wait());
      EXPECT_EQ(got, stopped ? 0 : 1);
    }
  });
}

// Several set it, stop it and wait for it: each time that is taken was set, and what is taken back is not given out.
TEST(Timer, ManyResetsAndWaitsAgreeOnTheNumber) {
  std::atomic<long> set{0};
  std::atomic<long> taken_back{0};
  std::atomic<long> got{0};
  Timer timer;
  OnLoops(2, [&](const Context& ctx) {
    const CancelScope waiting = WithCancel(ctx);
    Group waiters(ctx, {.spread = true});
    for (int w = 0; w < 3; ++w) {
      waiters.Go([&, w](const Context&) {
        while (!(w == 0 ? Select(waiting.ctx, OnTimer(timer)).Err() : timer.Wait(waiting.ctx))) ++got;
      });
    }
    Group setters(ctx, {.spread = true});
    for (int s = 0; s < 3; ++s) {
      setters.Go([&, s](const Context& c) -> Error {
        std::minstd_rand random(static_cast<unsigned>(s) + 1);
        for (int i = 0; i < Rounds(5000); ++i) {
          if (i % 5 == 0) {
            taken_back += timer.Stop() ? 1 : 0;
          } else {
            ++set;
            taken_back += timer.Reset(std::chrono::microseconds(random() % 10)) ? 1 : 0;
          }
          if (i % 3 == 0) Yield();
          if (i % 100 == 0) {
            if (Error err = Sleep(c, 20us)) return err;
          }
        }
        return {};
      });
    }
    EXPECT_FALSE(setters.Wait());
    waiting.cancel();
    EXPECT_FALSE(waiters.Wait());
  });
  taken_back += timer.Stop() ? 1 : 0;
  EXPECT_EQ(set.load(), got.load() + taken_back.load());
  EXPECT_GT(got.load(), 0);
}

}  // namespace
}  // namespace weft
