// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/rate_limiter.h>

#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(RateLimiter, GivesTheBurstAtOnceAndThenTheRate) {
  Virtually([](const Context& ctx) {
    RateLimiter limiter(10, 5);
    const TimePoint start = Now();
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(limiter.Wait(ctx));
    EXPECT_EQ(Now(), start);
    for (int i = 1; i <= 100; ++i) {
      EXPECT_FALSE(limiter.Wait(ctx));
      EXPECT_NEAR(static_cast<double>((Now() - start).count()), i * 1e8, 1e3);
    }
  });
}

TEST(RateLimiter, APauseFillsTheBucketAndNotMore) {
  Virtually([](const Context& ctx) {
    RateLimiter limiter(10, 3);
    EXPECT_TRUE(limiter.Allow(3));
    EXPECT_FALSE(limiter.Allow());
    EXPECT_FALSE(Sleep(ctx, 200ms));
    EXPECT_TRUE(limiter.Allow(2));
    EXPECT_FALSE(limiter.Allow());
    EXPECT_FALSE(Sleep(ctx, 1h));
    EXPECT_TRUE(limiter.Allow(3));
    EXPECT_FALSE(limiter.Allow());
  });
}

TEST(RateLimiter, ServesInTheOrderOfArrival) {
  Virtually([](const Context& ctx) {
    RateLimiter limiter(1, 4);
    EXPECT_TRUE(limiter.Allow(4));
    std::vector<int> order;
    Group group(ctx);
    for (int i = 0; i < 4; ++i) {
      group.Go([&, i](const Context& c) {
        EXPECT_FALSE(limiter.Wait(c, 4 - i));
        order.push_back(i);
      });
      Settle(ctx);
    }
    EXPECT_FALSE(Sleep(ctx, 1s));
    EXPECT_FALSE(limiter.Allow()) << "one is there, but somebody waits";
    const TimePoint start = Now();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
    EXPECT_NEAR(static_cast<double>((Now() - start).count()), 9e9, 1e3);
  });
}

TEST(RateLimiter, FailsAtOnceWhenTheDeadlineIsBeforeTheTokens) {
  Virtually([](const Context& ctx) {
    RateLimiter limiter(1, 10);
    EXPECT_TRUE(limiter.Allow(10));
    const CancelScope scope = WithTimeout(ctx, 5s);
    const TimePoint start = Now();

    const Error err = limiter.Wait(scope.ctx, 6);

    EXPECT_TRUE(err.Is(kDeadlineExceeded));
    EXPECT_EQ(err.Message(), "deadline exceeded: rate limiter: the tokens would be available in 6 s, the deadline is in 5 s");
    EXPECT_EQ(Now(), start);
    EXPECT_FALSE(scope.ctx.Err());
    EXPECT_TRUE(limiter.Wait(scope.ctx, 5).Is(kDeadlineExceeded)) << "at that moment the context is done";
    EXPECT_EQ(Now(), start);
    EXPECT_FALSE(limiter.Wait(scope.ctx, 4)) << "in time; the others have taken nothing";
  });
}

TEST(RateLimiter, WaitersInTheQueueCountForTheDeadline) {
  Virtually([](const Context& ctx) {
    RateLimiter limiter(1, 10);
    EXPECT_TRUE(limiter.Allow(10));
    Group group(ctx);
    group.Go([&](const Context& c) { EXPECT_FALSE(limiter.Wait(c, 4)); });
    Settle(ctx);
    const CancelScope scope = WithTimeout(ctx, 5500ms);
    EXPECT_TRUE(limiter.Wait(scope.ctx, 2).Is(kDeadlineExceeded));
    EXPECT_FALSE(limiter.Wait(scope.ctx, 1));
    EXPECT_FALSE(group.Wait());
  });
}

TEST(RateLimiter, ACallerThatGivesUpTakesNothingAndOthersMoveUp) {
  Virtually([](const Context& ctx) {
    RateLimiter limiter(1, 10);
    EXPECT_TRUE(limiter.Allow(10));
    const CancelScope scope = WithCancel(ctx);
    const TimePoint start = Now();
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(limiter.Wait(scope.ctx, 10).Is(kCanceled)); });
    Settle(ctx);
    group.Go([&](const Context& c) {
      EXPECT_FALSE(limiter.Wait(c, 3));
      EXPECT_NEAR(static_cast<double>((Now() - start).count()), 3e9, 1e3);
    });
    EXPECT_FALSE(Sleep(ctx, 2s));
    scope.cancel();
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(limiter.Wait(scope.ctx).Is(kCanceled)) << "under a done context";
  });
}

TEST(RateLimiter, MoreThanTheBurstIsAnError) {
  Virtually([](const Context& ctx) {
    RateLimiter limiter(10, 3);
    EXPECT_FALSE(limiter.Allow(4));
    const Error err = limiter.Wait(ctx, 4);
    EXPECT_TRUE(err.Is(kTooLarge));
    EXPECT_EQ(err.Message(), "too large: rate limiter: 4 tokens at once, but a burst is at most 3");
    EXPECT_TRUE(limiter.Allow(3)) << "nothing was taken";
  });
}

TEST(RateLimiter, NewFiguresHoldForThoseWhoWait) {
  Virtually([](const Context& ctx) {
    RateLimiter limiter(0, 10);
    EXPECT_TRUE(limiter.Allow(10));
    const TimePoint start = Now();
    Group group(ctx);
    group.Go([&](const Context& c) { EXPECT_FALSE(limiter.Wait(c, 4)); });
    Settle(ctx);
    group.Go([&](const Context& c) { EXPECT_TRUE(limiter.Wait(c, 9).Is(kTooLarge)); });
    EXPECT_FALSE(Sleep(ctx, 10s));
    limiter.SetBurst(8);
    limiter.SetRate(2);
    EXPECT_FALSE(group.Wait());
    EXPECT_NEAR(static_cast<double>((Now() - start).count()), 12e9, 1e3);
    limiter.SetRate(INFINITY);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(limiter.Wait(ctx, 8));
  });
}

TEST(RateLimiter, WithoutARateADeadlineFailsAtOnce) {
  Virtually([](const Context& ctx) {
    RateLimiter limiter(0, 1);
    EXPECT_TRUE(limiter.Allow());
    const CancelScope scope = WithTimeout(ctx, 1h);
    EXPECT_NE(limiter.Wait(scope.ctx).Message().find("would never be available"), std::string::npos);
  });
}

TEST(RateLimiterDeathTest, MisuseIsNamed) {
  WEFT_EXPECT_DEATH(RateLimiter(-1, 1), "RateLimiter: the rate must not be negative");
  WEFT_EXPECT_DEATH(RateLimiter(1, 0), "RateLimiter: the burst must be at least 1");
  WEFT_EXPECT_DEATH((void)RateLimiter(1, 1).Allow(0), "RateLimiter::Allow: the number of tokens must be at least 1");
  WEFT_EXPECT_DEATH((void)RateLimiter(1, 1).Wait(Background(), -1), "RateLimiter::Wait: the number of tokens must be at least 1");
  WEFT_EXPECT_DEATH(RateLimiter(1, 1).SetRate(NAN), "RateLimiter::SetRate: the rate must not be negative");
  WEFT_EXPECT_DEATH(RateLimiter(1, 1).SetBurst(0), "RateLimiter::SetBurst: the burst must be at least 1");
}

// Nobody gets more than the clock has given, with loops, threads and cancels from elsewhere.
TEST(RateLimiter, NeverGivesMoreThanItGainsOnManyThreads) {
  RateLimiter limiter(100'000, 10);
  std::atomic<int> got{0};
  const TimePoint start = Now();
  const int rounds = Rounds(1000);
  std::thread plain([&] {
    for (int i = 0; i < rounds; ++i) {
      EXPECT_FALSE(limiter.Wait(Background()));
      ++got;
    }
  });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (int f = 0; f < 4; ++f) {
      group.Go([&](const Context& c) {
        for (int i = 0; i < rounds; ++i) {
          const CancelScope scope = WithCancel(c);
          Group canceler(c);
          if (i % 3 == 0) canceler.Go([&](const Context&) { scope.cancel(); });
          if (!limiter.Wait(scope.ctx)) ++got;
        }
      });
    }
    EXPECT_FALSE(group.Wait());
  });
  plain.join();
  const double elapsed = std::chrono::duration<double>(Now() - start).count();
  EXPECT_LE(got.load(), 10 + elapsed * 100'000 + 1);
  EXPECT_GE(got.load(), rounds + 4 * rounds * 2 / 3 - 4) << "those that nobody canceled have got theirs";
}

}  // namespace
}  // namespace weft
