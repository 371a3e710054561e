// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/semaphore.h>

#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Semaphore, BoundsWhatGoesOnAtOnce) {
  Virtually([](const Context& ctx) {
    Semaphore semaphore(3);
    int running = 0;
    int most = 0;
    Group group(ctx);
    for (int i = 0; i < 20; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_FALSE(semaphore.Acquire(c));
        most = std::max(most, ++running);
        (void)Sleep(c, 1s);
        --running;
        semaphore.Release();
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(most, 3);
    EXPECT_EQ(semaphore.Acquired(), 0);
  });
}

TEST(Semaphore, TryAcquireNeverWaits) {
  Semaphore semaphore(3);
  EXPECT_TRUE(semaphore.TryAcquire(2));
  EXPECT_FALSE(semaphore.TryAcquire(2));
  EXPECT_TRUE(semaphore.TryAcquire());
  EXPECT_FALSE(semaphore.TryAcquire());
  semaphore.Release(3);
  EXPECT_FALSE(semaphore.TryAcquire(4));
  EXPECT_TRUE(semaphore.TryAcquire(3));
}

TEST(Semaphore, ServesInTheOrderOfArrivalWhateverTheSize) {
  Virtually([](const Context& ctx) {
    Semaphore semaphore(4);
    EXPECT_TRUE(semaphore.TryAcquire(4));
    std::vector<int> order;
    Group group(ctx);
    int i = 0;
    for (const std::int64_t n : {1, 4, 1, 3, 2}) {
      group.Go([&, n, i](const Context& c) {
        EXPECT_FALSE(semaphore.Acquire(c, n));
        order.push_back(i);
        (void)Sleep(c, 1s);
        semaphore.Release(n);
      });
      ++i;
      Settle(ctx);
    }

    semaphore.Release(4);
    EXPECT_FALSE(group.Wait());

    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  });
}

// Case: a stream of small requests while a large one waits.
TEST(Semaphore, ALargeRequestDoesNotStarve) {
  Virtually([](const Context& ctx) {
    Semaphore semaphore(3);
    bool got = false;
    Group group(ctx);
    for (int i = 0; i < 3; ++i) {
      group.Go([&, i](const Context& c) {
        (void)Sleep(c, std::chrono::milliseconds(i * 3));
        while (!got) {
          EXPECT_FALSE(semaphore.Acquire(c));
          (void)Sleep(c, 10ms);
          semaphore.Release();
        }
      });
    }
    group.Go([&](const Context& c) {
      (void)Sleep(c, 15ms);
      const TimePoint start = Now();
      EXPECT_FALSE(semaphore.Acquire(c, 3));
      got = true;
      EXPECT_LE(Now() - start, 20ms);
      semaphore.Release(3);
    });
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Semaphore, TryAcquireDoesNotOvertakeAWaiter) {
  Virtually([](const Context& ctx) {
    Semaphore semaphore(2);
    EXPECT_TRUE(semaphore.TryAcquire());
    Group group(ctx);
    group.Go([&](const Context& c) { EXPECT_FALSE(semaphore.Acquire(c, 2)); });
    Settle(ctx);

    EXPECT_FALSE(semaphore.TryAcquire()) << "one is free, but somebody waits";
    semaphore.Release();
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(semaphore.Acquired(), 2);
  });
}

TEST(Semaphore, UnderADoneContextItFailsAlsoWhenTokensAreFree) {
  Semaphore semaphore(2);
  const CancelScope scope = WithCancel(Background());
  scope.cancel();
  EXPECT_TRUE(semaphore.Acquire(scope.ctx).Is(kCanceled));
  EXPECT_TRUE(semaphore.Hold(scope.ctx).Err().Is(kCanceled));
  EXPECT_EQ(semaphore.Acquired(), 0);
}

TEST(Semaphore, ARequestAboveTheSizeWaitsForItsContextAndHoldsNobodyBack) {
  Virtually([](const Context& ctx) {
    Semaphore semaphore(2);
    const CancelScope scope = WithTimeout(ctx, 1h);
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(semaphore.Acquire(scope.ctx, 3).Is(kDeadlineExceeded)); });
    Settle(ctx);

    EXPECT_TRUE(semaphore.TryAcquire(2)) << "nobody waits who could be served";
    group.Go([&](const Context& c) { EXPECT_FALSE(semaphore.Acquire(c)); });
    Settle(ctx);
    EXPECT_FALSE(Sleep(ctx, 1s));
    semaphore.Release(2);
    Settle(ctx);
    EXPECT_EQ(semaphore.Acquired(), 1);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Semaphore, ResizeGivesAnOldLargeRequestItsTurn) {
  Virtually([](const Context& ctx) {
    Semaphore semaphore(2);
    EXPECT_TRUE(semaphore.TryAcquire(2));
    std::vector<char> order;
    Group group(ctx);
    const auto ask = [&](char name, std::int64_t n) {
      group.Go([&, name, n](const Context& c) {
        EXPECT_FALSE(semaphore.Acquire(c, n));
        order.push_back(name);
        (void)Sleep(c, 1s);
        semaphore.Release(n);
      });
      Settle(ctx);
    };
    ask('L', 4);
    ask('s', 1);

    semaphore.Resize(4);
    Settle(ctx);
    EXPECT_TRUE(order.empty()) << "the large one is the first in line now, and two are out";
    semaphore.Release(2);
    EXPECT_FALSE(group.Wait());

    EXPECT_EQ(order, (std::vector<char>{'L', 's'}));
  });
}

TEST(Semaphore, ShrinkingServesWaitersAfterATooLargeRequest) {
  Virtually([](const Context& ctx) {
    Semaphore semaphore(4);
    EXPECT_TRUE(semaphore.TryAcquire(1));
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(semaphore.Acquire(scope.ctx, 4).Is(kCanceled)); });
    Settle(ctx);
    bool got = false;
    group.Go([&](const Context& c) {
      EXPECT_FALSE(semaphore.Acquire(c));
      got = true;
    });
    Settle(ctx);
    EXPECT_FALSE(got);

    semaphore.Resize(3);
    Settle(ctx);

    EXPECT_TRUE(got);
    scope.cancel();
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Semaphore, ShrunkBelowWhatIsOutNobodyGetsAnyUntilEnoughCameBack) {
  Semaphore semaphore(4);
  EXPECT_TRUE(semaphore.TryAcquire(4));
  semaphore.Resize(2);
  semaphore.Release(2);
  EXPECT_FALSE(semaphore.TryAcquire());
  semaphore.Release();
  EXPECT_TRUE(semaphore.TryAcquire());
  EXPECT_EQ(semaphore.Size(), 2);
  semaphore.Resize(0);
  semaphore.Release(2);
  EXPECT_FALSE(semaphore.TryAcquire());
}

TEST(Semaphore, ACanceledHeadLetsTheFollowersGo) {
  Virtually([](const Context& ctx) {
    Semaphore semaphore(3);
    EXPECT_TRUE(semaphore.TryAcquire(1));
    const CancelScope scope = WithCancel(ctx);
    int got = 0;
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(semaphore.Acquire(scope.ctx, 3).Is(kCanceled)); });
    Settle(ctx);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context& c) {
        EXPECT_FALSE(semaphore.Acquire(c));
        ++got;
      });
    }
    Settle(ctx);
    EXPECT_EQ(got, 0);

    scope.cancel();
    Settle(ctx);

    EXPECT_EQ(got, 2) << "without any Release";
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Semaphore, PermitGivesBackOnceByItself) {
  Virtually([](const Context& ctx) {
    Semaphore semaphore(4);
    {
      Result<Permit> held = semaphore.Hold(ctx, 3);
      EXPECT_EQ(semaphore.Acquired(), 3);
      Permit moved = std::move(*held);
      EXPECT_EQ(moved.Tokens(), 3);
      EXPECT_EQ(held->Tokens(), 0);
    }
    EXPECT_EQ(semaphore.Acquired(), 0);
    Permit permit = *semaphore.Hold(ctx, 2);
    permit.Release();
    permit.Release();
    permit = *semaphore.Hold(ctx, 1);
    permit = *semaphore.Hold(ctx, 2);
    EXPECT_EQ(semaphore.Acquired(), 2);
  });
}

TEST(SemaphoreDeathTest, MisuseIsNamed) {
  WEFT_EXPECT_DEATH(Semaphore(2).Release(), "Semaphore::Release: more tokens than were acquired");
  WEFT_EXPECT_DEATH(Semaphore(2).Release(-1), "Semaphore::Release: the number of tokens must be at least 1");
  WEFT_EXPECT_DEATH((void)Semaphore(2).TryAcquire(0), "Semaphore::TryAcquire: the number of tokens must be at least 1");
  WEFT_EXPECT_DEATH((void)Semaphore(2).Acquire(Background(), -3), "Semaphore::Acquire: the number of tokens must be at least 1");
  WEFT_EXPECT_DEATH(Semaphore(-1), "Semaphore: the size must not be negative");
  WEFT_EXPECT_DEATH(Semaphore(2).Resize(-1), "Semaphore::Resize: the size must not be negative");
}

// Loops and plain threads, random weights, cancels from elsewhere at random moments, and resizes: what is out never exceeds what was
// ever allowed, and in the end nothing is lost or doubled.
TEST(Semaphore, CancelsThatRaceGrantsLoseNothing) {
  constexpr std::int64_t kSize = 5;
  Semaphore semaphore(kSize);
  std::atomic<std::int64_t> out{0};
  std::atomic<int> got{0};
  std::atomic<int> gave_up{0};
  const int rounds = Rounds(2000);
  const auto work = [&](const Context& ctx, unsigned seed) {
    std::minstd_rand random(seed);
    for (int i = 0; i < rounds; ++i) {
      const CancelScope scope = WithCancel(ctx);
      const auto n = static_cast<std::int64_t>(random() % kSize + 1);
      Group canceler(ctx);
      if (i % 4 == 0) canceler.Go([&](const Context&) { scope.cancel(); });
      if (Error err = semaphore.Acquire(scope.ctx, n)) {
        EXPECT_TRUE(err.Is(kCanceled));
        ++gave_up;
      } else {
        EXPECT_LE(out += n, kSize);
        if (i % 8 == 0) Yield();
        out -= n;
        semaphore.Release(n);
        ++got;
      }
      EXPECT_FALSE(canceler.Wait());
    }
  };
  std::thread plain([&] {
    const Context ctx;
    std::minstd_rand random(99);
    for (int i = 0; i < rounds; ++i) {
      const auto n = static_cast<std::int64_t>(random() % (kSize - 1) + 1);  // fits also while the size is smaller
      EXPECT_FALSE(semaphore.Acquire(ctx, n));
      EXPECT_LE(out += n, kSize);
      out -= n;
      semaphore.Release(n);
      semaphore.Resize(i % 2 == 0 ? kSize - 1 : kSize);
    }
    semaphore.Resize(kSize);
  });
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (unsigned f = 0; f < 6; ++f) group.Go([&, f](const Context& c) { work(c, f + 1); });
    EXPECT_FALSE(group.Wait());
  });
  plain.join();
  EXPECT_EQ(got + gave_up, 6 * rounds);
  EXPECT_EQ(semaphore.Acquired(), 0);
  EXPECT_TRUE(semaphore.TryAcquire(kSize)) << "all are there again, and nobody is queued";
}

TEST(Semaphore, MayBeDestroyedByWhoGotWhatSomebodyGaveBack) {
  for (int i = 0; i < Rounds(2000); ++i) {
    auto semaphore = std::make_unique<Semaphore>(1);
    EXPECT_TRUE(semaphore->TryAcquire());
    Semaphore* given = semaphore.get();
    std::thread giver([given] { given->Release(); });
    // Moments that get longer: where all is slow, a short one is over before the call begins.
    for (Duration time = 1us;; time += 100ns) {
      const CancelScope moment = WithTimeout(Background(), time);
      if (!semaphore->Acquire(moment.ctx)) break;
    }
    semaphore.reset();
    giver.join();
  }
}

}  // namespace
}  // namespace weft
