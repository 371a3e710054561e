// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/singleflight.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;
using Flights = Singleflight<std::string, int>;

TEST(Singleflight, CallsTheFunctionAndGivesItsValue) {
  Virtually([](const Context& ctx) {
    Flights flights;
    const auto out = flights.Do(ctx, "a", [](const Context&) -> Result<int> { return 7; });
    ASSERT_TRUE(out.Ok());
    EXPECT_EQ(out->value, 7);
    EXPECT_FALSE(out->shared);
    EXPECT_EQ(flights.Do(ctx, "a", [](const Context&) -> Result<int> { return Error::New("no"); }).Err().Message(), "no");
    EXPECT_EQ(flights.Do(ctx, "a", [](const Context&) -> Result<int> { return 8; })->value, 8) << "nothing is kept";
  });
}

TEST(Singleflight, CallersOfOneKeyShareOneRun) {
  Virtually([](const Context& ctx) {
    Flights flights;
    int runs = 0;
    const auto work = [&runs](const Context& c) -> Result<int> {
      ++runs;
      (void)Sleep(c, 1s);
      return 42;
    };
    int other = 0;
    Group group(ctx);
    for (int i = 0; i < 10; ++i) {
      group.Go([&](const Context& c) {
        const auto out = flights.Do(c, "a", work);
        ASSERT_TRUE(out.Ok());
        EXPECT_EQ(out->value, 42);
        EXPECT_TRUE(out->shared);
      });
    }
    group.Go([&](const Context& c) { other = flights.Do(c, "b", [](const Context&) -> Result<int> { return 1; })->value; });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(other, 1);
  });
}

TEST(Singleflight, AnExceptionArrivesAtEveryCaller) {
  Virtually([](const Context& ctx) {
    Flights flights;
    int seen = 0;
    Group group(ctx);
    for (int i = 0; i < 5; ++i) {
      group.Go([&](const Context& c) {
        const Error err = flights
                              .Do(c, "a",
                                  [](const Context& d) -> Result<int> {
                                    (void)Sleep(d, 1s);
                                    throw std::runtime_error("boom");
                                  })
                              .Err();
        EXPECT_EQ(err.Message(), "boom");
        EXPECT_THROW(std::rethrow_exception(err.Exception()), std::runtime_error);
        ++seen;
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(seen, 5);
    EXPECT_TRUE(flights.Do(ctx, "a", [](const Context&) -> Result<int> { return 1; }).Ok());
  });
}

// The trap of Go's: the first caller's cancel is everybody's problem.
TEST(Singleflight, TheFirstCallerLeavesAloneAndTheWorkGoesOn) {
  Virtually([](const Context& ctx) {
    static constexpr Key<int> kKey{"key"};
    Flights flights;
    const CancelScope scope = WithTimeout(WithValue(ctx, kKey, 5), 1s);
    const TimePoint start = Now();
    Group group(ctx);
    group.Go([&](const Context&) {
      const auto out = flights.Do(scope.ctx, "a", [](const Context& c) -> Result<int> {
        EXPECT_FALSE(c.Deadline());
        if (Error err = Sleep(c, 10s)) return err;
        return *c.Value(kKey);
      });
      EXPECT_TRUE(out.Err().Is(kDeadlineExceeded));
      EXPECT_EQ(Now() - start, 1s) << "it does not wait for the others' work";
    });
    Settle(ctx);

    const auto out = flights.Do(ctx, "a", [](const Context&) -> Result<int> { return 0; });

    ASSERT_TRUE(out.Ok());
    EXPECT_EQ(out->value, 5) << "values of the first caller";
    EXPECT_EQ(Now() - start, 10s);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Singleflight, ASharerLeavesAlone) {
  Virtually([](const Context& ctx) {
    Flights flights;
    const TimePoint start = Now();
    Group group(ctx);
    group.Go([&](const Context& c) {
      const auto out = flights.Do(c, "a", [](const Context& d) -> Result<int> {
        if (Error err = Sleep(d, 10s)) return err;
        return 1;
      });
      EXPECT_EQ(out->value, 1);
    });
    Settle(ctx);
    const CancelScope scope = WithTimeout(ctx, 1s);
    EXPECT_TRUE(flights.Do(scope.ctx, "a", [](const Context&) -> Result<int> { return 0; }).Err().Is(kDeadlineExceeded));
    EXPECT_LT(Now() - start, 2s);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Singleflight, TheLastCallerCancelsTheWorkAndWaitsForItsEnd) {
  Virtually([](const Context& ctx) {
    Flights flights;
    const TimePoint start = Now();
    bool ended = false;
    const auto work = [&ended](const Context& c) -> Result<int> {
      const Error err = c.Wait();
      EXPECT_EQ(err.Message(), "context canceled: singleflight: no caller waits any longer");
      (void)Sleep(Background(), 3s);
      ended = true;
      return err;
    };
    Group group(ctx);
    for (const Duration timeout : {Duration(1s), Duration(2s)}) {
      group.Go([&, timeout](const Context& c) {
        const CancelScope scope = WithTimeout(c, timeout);
        EXPECT_TRUE(flights.Do(scope.ctx, "a", work).Err().Is(kDeadlineExceeded));
        EXPECT_EQ(Now() - start, timeout == 1s ? 1s : 5s);
        EXPECT_EQ(ended, timeout == 2s);
      });
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Singleflight, KeepsAValueThatCanceledWorkStillReturned) {
  Virtually([](const Context& ctx) {
    Flights flights;
    const CancelScope scope = WithTimeout(ctx, 1s);
    const auto out = flights.Do(scope.ctx, "a", [](const Context& c) -> Result<int> {
      (void)c.Wait();
      return 9;
    });
    ASSERT_TRUE(out.Ok());
    EXPECT_EQ(out->value, 9);
  });
}

TEST(Singleflight, AfterACancelANewCallerBeginsAnew) {
  Virtually([](const Context& ctx) {
    Flights flights;
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) {
      const auto out = flights.Do(scope.ctx, "a", [](const Context& c) -> Result<int> {
        const Error err = c.Wait();
        (void)Sleep(Background(), 5s);
        return err;
      });
      EXPECT_TRUE(out.Err().Is(kCanceled));
    });
    Settle(ctx);
    scope.cancel();
    Settle(ctx);

    const TimePoint start = Now();
    const auto out = flights.Do(ctx, "a", [](const Context&) -> Result<int> { return 3; });

    ASSERT_TRUE(out.Ok()) << out.Err().Message();
    EXPECT_EQ(out->value, 3);
    EXPECT_EQ(Now(), start) << "the old work still ends";
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Singleflight, ForgetLetsTheNextCallerBeginAnew) {
  Virtually([](const Context& ctx) {
    Flights flights;
    const auto slow = [](const Context& c) -> Result<int> {
      (void)Sleep(c, 5s);
      return 1;
    };
    Group group(ctx);
    group.Go([&](const Context& c) { EXPECT_EQ(flights.Do(c, "a", slow)->value, 1) << "those who wait still get it"; });
    Settle(ctx);
    flights.Forget("a");
    flights.Forget("nobody");
    Event second_ended;
    group.Go([&](const Context& c) {
      const auto out = flights.Do(c, "a", [&second_ended](const Context& d) -> Result<int> {
        EXPECT_FALSE(second_ended.Wait(d));
        return 2;
      });
      EXPECT_EQ(out->value, 2);
      EXPECT_TRUE(out->shared);
    });
    EXPECT_FALSE(Sleep(ctx, 6s));
    group.Go([&](const Context& c) {
      EXPECT_EQ(flights.Do(c, "a", slow)->value, 2) << "the end of the first one does not take the second one's place";
    });
    Settle(ctx);
    second_ended.Set();
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Singleflight, UnderADoneContextNothingIsCalled) {
  Virtually([](const Context& ctx) {
    Flights flights;
    const CancelScope scope = WithCancel(ctx);
    scope.cancel();
    EXPECT_TRUE(flights
                    .Do(scope.ctx, "a",
                        [](const Context&) -> Result<int> {
                          ADD_FAILURE();
                          return 1;
                        })
                    .Err()
                    .Is(kCanceled));
  });
}

TEST(Singleflight, WorkThatAsksForItsOwnKeyGetsAnError) {
  Virtually([](const Context& ctx) {
    Flights flights;
    const auto out = flights.Do(ctx, "a", [&flights](const Context& c) -> Result<int> {
      const auto b = flights.Do(c, "b", [&flights](const Context& d) -> Result<int> {
        EXPECT_TRUE(flights.Do(Background(), "b", [](const Context&) -> Result<int> { return 0; }).Err().Is(kDeadlock));
        const auto a = flights.Do(d, "a", [](const Context&) -> Result<int> { return 0; });
        if (Error err = a.Err()) return err;
        return a->value;
      });
      if (Error err = b.Err()) return err;
      return b->value;
    });
    EXPECT_TRUE(out.Err().Is(kDeadlock));
  });
}

TEST(Singleflight, TheFunctionDiesBeforeTheLastCallerReturns) {
  Virtually([](const Context& ctx) {
    Flights flights;
    const auto held = std::make_shared<int>(1);
    const auto out = flights.Do(ctx, "a", [held](const Context&) -> Result<int> { return *held; });
    EXPECT_TRUE(out.Ok());
    EXPECT_EQ(held.use_count(), 1);
  });
}

TEST(Singleflight, CallersOfAllLoopsAndThreadsShare) {
  for (int round = 0; round < Rounds(200); ++round) {
    Flights flights;
    std::atomic<int> runs{0};
    std::atomic<int> shared{0};
    Event go;
    const auto call = [&](const Context& ctx) {
      EXPECT_FALSE(go.Wait(ctx));
      const auto out = flights.Do(ctx, "a", [&runs](const Context&) -> Result<int> {
        Yield();
        return ++runs;
      });
      ASSERT_TRUE(out.Ok());
      if (out->shared) ++shared;
    };
    std::vector<std::thread> plain;
    for (int i = 0; i < 2; ++i) plain.emplace_back([&] { call(Background()); });
    OnLoops(2, [&](const Context& ctx) {
      Group group(ctx, {.spread = true});
      for (int i = 0; i < 4; ++i) group.Go(call);
      go.Set();
      EXPECT_FALSE(group.Wait());
    });
    for (std::thread& thread : plain) thread.join();
    EXPECT_GE(runs.load(), 1);
    EXPECT_LE(runs.load(), 6);
    EXPECT_NE(shared.load(), 1) << "a value is shared by two at least";
  }
}

// Random leaving from other loops: each work that began ends before its last caller returns; nobody gets another's cancellation.
TEST(Singleflight, NoCallerIsLostWhenOthersLeaveAtRandom) {
  Flights flights;
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  std::atomic<int> answers{0};
  const int rounds = Rounds(1000);
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 6; ++f) {
      group.Go([&, f](const Context& c) {
        for (int i = 0; i < rounds; ++i) {
          const CancelScope scope = WithCancel(c);
          Group canceler(c, {.spread = true});
          if ((i + f) % 2 == 0) canceler.Go([&](const Context&) { scope.cancel(); });
          const auto out = flights.Do(scope.ctx, std::to_string(f % 2) + (f < 4 ? "x" : std::to_string(i)), [&](const Context& d) -> Result<int> {
            ++begun;
            Yield();
            ++ended;
            if (Error err = d.Err()) return err;
            return 1;
          });
          if ((i + f) % 2 != 0) {
            EXPECT_TRUE(out.Ok()) << "not canceled itself: " << out.Err().Message();
          }
          ++answers;
          EXPECT_FALSE(canceler.Wait());
        }
      });
    }
    EXPECT_FALSE(group.Wait());
  });
  EXPECT_EQ(answers.load(), 6 * rounds);
  EXPECT_EQ(begun.load(), ended.load());
}

// Its copies fail, in the thread, once `left` of them were made.
struct FailsToMove {
  static inline thread_local int left = -1;
  FailsToMove() = default;
  FailsToMove(const FailsToMove&) {
    if (left >= 0 && left-- == 0) throw std::runtime_error("no copy");
  }
};

TEST(Singleflight, AnUnmovableValueIsAnErrorForItsCallers) {
  for (int copies = 0; copies < 3; ++copies) {
    Virtually([copies](const Context& ctx) {
      Singleflight<int, FailsToMove> flights;
      const CancelScope limit = WithTimeout(ctx, 1s);
      const auto got = flights.Do(limit.ctx, 1, [copies](const Context&) {
        Result<FailsToMove> result{FailsToMove()};
        FailsToMove::left = copies;
        return result;
      });
      FailsToMove::left = -1;
      EXPECT_TRUE(!got.Ok() && got.Err().Exception() != nullptr) << copies;
    });
  }
}

}  // namespace
}  // namespace weft
