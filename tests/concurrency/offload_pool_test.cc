// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/await.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/runtime/offload_pool.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Runs `body` on virtual time with a small pool.
void WithPool(int threads, int queue, std::function<void(const Context&)> body) {
  TestOptions options;
  options.offload_threads = threads;
  options.offload_queue = queue;
  const Error err = RunTest(options, [&](const Context& ctx) { body(ctx); });
  EXPECT_FALSE(err) << err.Message();
}

// Holds all threads of the pool until Open.
class Held {
 public:
  Held(const Context& ctx, int threads) : group_(ctx) {
    for (int i = 0; i < threads; ++i) {
      group_.Go([this](const Context& c) { return Offload(c, [this] { (void)gate_.Wait(Background()); }); });
    }
    Settle(ctx);
  }
  void Open() { gate_.Set(); }
  Error Join() { return group_.Wait(); }

 private:
  Event gate_;
  Group group_;
};

TEST(OffloadQueue, RefusesACallBeyondItsBoundAtOnce) {
  WithPool(2, 3, [](const Context& ctx) {
    Held held(ctx, 2);
    std::atomic<int> ran{0};
    Group waiting(ctx);
    for (int i = 0; i < 3; ++i) waiting.Go([&](const Context& c) { return Offload(c, [&] { ++ran; }); });
    Settle(ctx);

    bool called = false;
    const TimePoint start = Now();
    const Error err = Offload(ctx, [&] { called = true; });
    EXPECT_TRUE(err.Is(kRefused));
    EXPECT_EQ(err.Message(), "offload: 3 calls wait for a thread already: refused");
    EXPECT_TRUE(Offload(ctx, [&] { return 1; }).Err().Is(kRefused));
    EXPECT_EQ(Now(), start);
    EXPECT_FALSE(called);

    held.Open();
    EXPECT_FALSE(held.Join());
    EXPECT_FALSE(waiting.Wait());
    EXPECT_EQ(ran.load(), 3);
    EXPECT_FALSE(Offload(ctx, [&] { called = true; })) << "there is room again";
    EXPECT_TRUE(called);
    EXPECT_EQ(CurrentOffloadStats().refused, 2u);
  });
}

TEST(OffloadQueue, AFreeThreadIsNoQueue) {
  WithPool(3, 1, [](const Context& ctx) {
    for (int round = 0; round < 50; ++round) {
      // Idle threads of the round before are called, the others are started; none of these calls waits for one at work.
      Event go;
      Group group(ctx);
      for (int i = 0; i < 3; ++i) {
        group.Go([&](const Context& c) { return Offload(c, [&] { (void)go.Wait(Background()); }); });
      }
      Settle(ctx);
      go.Set();
      const Error err = group.Wait();
      EXPECT_FALSE(err) << err.Message();
    }
  });
}

// A caller goes on before the thread that served it has looked for more work, and may call again at once.
TEST(OffloadQueue, AReturningThreadIsNoQueue) {
  struct Job : internal::OffloadJob {
    explicit Job(std::latch* ends = nullptr, std::latch* go_on = nullptr) : ended(ends), goes_on(go_on) {
      run = [](internal::OffloadJob*) {};
      end = [](internal::OffloadJob* job) {
        const auto& self = static_cast<Job&>(*job);
        if (self.ended == nullptr) return;
        self.ended->count_down();
        self.goes_on->wait();
      };
    }
    std::latch* ended;
    std::latch* goes_on;
  };
  std::latch ended(2);
  std::latch goes_on(1);
  Job done[] = {Job(&ended, &goes_on), Job(&ended, &goes_on)};
  Job next[4];
  internal::OffloadPool pool(2, 1, nullptr);
  for (Job& job : done) {
    const Error refused = pool.Add(job);
    EXPECT_FALSE(refused);
    if (refused) ended.count_down();
  }
  ended.wait();

  for (int i = 0; i < 3; ++i) EXPECT_FALSE(pool.Add(next[i])) << i << ": one for each thread, and one that waits";
  EXPECT_TRUE(pool.Add(next[3]).Is(kRefused));
  const OffloadStats stats = pool.Stats();
  EXPECT_EQ(stats.busy, 0);
  EXPECT_EQ(stats.queued, 1);
  EXPECT_EQ(stats.threads, 2);
  goes_on.count_down();
}

TEST(OffloadQueue, MakesRoomWhenACallerGivesUp) {
  WithPool(1, 1, [](const Context& ctx) {
    Held held(ctx, 1);
    for (int i = 0; i < 5; ++i) {
      const CancelScope scope = WithTimeout(ctx, 1s);
      EXPECT_TRUE(Offload(scope.ctx, [] { ADD_FAILURE(); }).Is(kDeadlineExceeded)) << "it had a place";
    }
    held.Open();
    EXPECT_FALSE(held.Join());
  });
}

TEST(OffloadQueue, WithoutALimitAllWait) {
  WithPool(1, 0, [](const Context& ctx) {
    Held held(ctx, 1);
    std::atomic<int> ran{0};
    Group waiting(ctx);
    const int calls = kSanitized ? 2'000 : 12'000;
    for (int i = 0; i < calls; ++i) waiting.Go([&](const Context& c) { return Offload(c, [&] { ++ran; }); });
    Settle(ctx);
    EXPECT_EQ(CurrentOffloadStats().queued, calls);
    held.Open();
    EXPECT_FALSE(waiting.Wait());
    EXPECT_FALSE(held.Join());
    EXPECT_EQ(ran.load(), calls);
  });
}

TEST(OffloadQueue, IsServedInTheOrderOfArrival) {
  WithPool(1, 100, [](const Context& ctx) {
    Held held(ctx, 1);
    std::vector<int> order;  // touched by one pool thread
    Group waiting(ctx);
    for (int i = 0; i < 50; ++i) waiting.Go([&, i](const Context& c) { return Offload(c, [&, i] { order.push_back(i); }); });
    Settle(ctx);
    held.Open();
    EXPECT_FALSE(waiting.Wait());
    EXPECT_FALSE(held.Join());
    EXPECT_EQ(order.size(), 50u);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  });
}

TEST(OffloadQueue, ALookUpThatFindsItFullIsRefused) {
  WithPool(1, 1, [](const Context& ctx) {
    Held held(ctx, 1);
    Group waiting(ctx);
    waiting.Go([](const Context& c) { return Offload(c, [] {}); });
    Settle(ctx);
    EXPECT_TRUE(Resolve(ctx, "localhost", "http").Err().Is(kRefused));
    EXPECT_TRUE(Resolve(ctx, "127.0.0.1", "80").Ok()) << "numbers need no thread";
    held.Open();
    EXPECT_FALSE(waiting.Wait());
    EXPECT_FALSE(held.Join());
  });
}

// Refused or done, nothing between, and never more than the limit at once.
TEST(OffloadQueue, HoldsItsLimitOnManyLoops) {
  RunOptions options;
  options.loops = 2;
  options.offload_threads = 2;
  options.offload_queue = 2;
  const Error result = weft::Run(Background(), options, [](const Context& ctx) {
    std::atomic<int> ran{0};
    std::atomic<int> inside{0};
    std::atomic<int> refused{0};
    std::atomic<int> given_up{0};
    std::atomic<int> most_queued{0};
    const int callers = 8;
    const int each = Rounds(2'000);
    Group group(ctx, {.spread = true});
    for (int i = 0; i < callers; ++i) {
      group.Go([&, i](const Context& c) {
        for (int k = 0; k < each; ++k) {
          const CancelScope scope = (i + k) % 4 == 0 ? WithTimeout(c, std::chrono::microseconds(k % 30)) : WithCancel(c);
          const Error err = Offload(scope.ctx, [&] {
            EXPECT_LE(++inside, 2);
            ++ran;
            --inside;
          });
          if (err.Is(kRefused)) ++refused;
          else if (err) ++given_up;
          most_queued = std::max(most_queued.load(), CurrentOffloadStats().queued);
          if (err) Yield();
        }
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(ran + refused + given_up, callers * each);
    EXPECT_LE(most_queued.load(), 2);
    const OffloadStats stats = CurrentOffloadStats();
    EXPECT_EQ(stats.done, static_cast<std::uint64_t>(ran.load()));
    EXPECT_EQ(stats.refused, static_cast<std::uint64_t>(refused.load()));
    EXPECT_EQ(stats.busy, 0);
    EXPECT_EQ(stats.queued, 0);
    EXPECT_LE(stats.threads, 2);
  });
  EXPECT_FALSE(result) << result.Message();
}

TEST(OffloadStats, CountWhatThePoolDoes) {
  WithPool(2, 100, [](const Context& ctx) {
    EXPECT_EQ(CurrentOffloadStats().threads, 0) << "a program that offloads nothing has no thread";
    Held held(ctx, 2);
    Group waiting(ctx);
    for (int i = 0; i < 3; ++i) waiting.Go([](const Context& c) { return Offload(c, [] {}); });
    Settle(ctx);
    OffloadStats stats = CurrentOffloadStats();
    EXPECT_EQ(stats.threads, 2);
    EXPECT_EQ(stats.busy, 2);
    EXPECT_EQ(stats.queued, 3);
    EXPECT_EQ(stats.done, 0u);
    EXPECT_EQ(stats.refused, 0u);

    held.Open();
    EXPECT_FALSE(held.Join());
    EXPECT_FALSE(waiting.Wait());
    stats = CurrentOffloadStats();
    EXPECT_EQ(stats.threads, 2);
    EXPECT_EQ(stats.busy, 0);
    EXPECT_EQ(stats.queued, 0);
    EXPECT_EQ(stats.done, 5u) << "counted before the caller goes on";
  });
}

// The gap that this looks for is some nanoseconds wide, so it fails now and then only, on a loaded machine, if the order is wrong.
TEST(OffloadStats, ACallIsCountedBeforeItReturns) {
  OnLoops(2, [](const Context& ctx) {
    for (int i = 1; i <= Rounds(5000); ++i) {
      EXPECT_FALSE(Offload(ctx, [] {}));
      const OffloadStats stats = CurrentOffloadStats();
      ASSERT_EQ(stats.done, static_cast<std::uint64_t>(i));
      ASSERT_EQ(stats.busy, 0);
    }
  });
}

TEST(OffloadStats, LongestWaitCountsThoseThatWaitStillAndThoseThatGaveUp) {
  WithPool(1, 100, [](const Context& ctx) {
    EXPECT_FALSE(Offload(ctx, [] {}));
    EXPECT_EQ(CurrentOffloadStats().longest_wait, 0s);
    const CancelScope working = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { return Offload(working.ctx, [](const Context& c) { (void)c.Wait(); }); });
    Settle(ctx);
    const TimePoint start = Now();
    const CancelScope scope = WithTimeout(ctx, 5s);
    group.Go([&](const Context&) { EXPECT_TRUE(Offload(scope.ctx, [] {}).Is(kDeadlineExceeded)); });
    // Work in Offload that waits in a call of weft does not hold time.
    EXPECT_FALSE(Sleep(ctx, 2s));
    EXPECT_EQ(CurrentOffloadStats().longest_wait, Now() - start) << "it waits still";
    EXPECT_FALSE(Sleep(ctx, 10s));
    EXPECT_EQ(CurrentOffloadStats().longest_wait, 5s) << "it gave up";
    working.cancel();
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(Offload(ctx, [] {}));
    EXPECT_EQ(CurrentOffloadStats().longest_wait, 5s);
  });
}

TEST(OffloadStats, AreZeroOnAPlainThread) {
  const OffloadStats stats = CurrentOffloadStats();
  EXPECT_EQ(stats.threads, 0);
  EXPECT_EQ(stats.done, 0u);
}

// It runs in place, on the same pool thread, so a full pool cannot make it wait for itself.
TEST(OffloadNested, RunsInPlaceAlsoWhenThePoolIsFull) {
  WithPool(2, 1, [](const Context& ctx) {
    std::atomic<int> in_place{0};
    Event a, b;
    Group group(ctx);
    for (const auto& [mine, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
      group.Go([&, mine = mine, other = other](const Context& c) {
        return Offload(c, [&](const Context& d) -> Error {
          mine->Set();
          if (Error err = other->Wait(d)) return err;  // both threads of the pool are at work now
          const std::thread::id self = std::this_thread::get_id();
          return Offload(d, [&](const Context& e) { return Offload(e, [&] { in_place += std::this_thread::get_id() == self; }); });
        });
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(in_place.load(), 2);
    EXPECT_EQ(CurrentOffloadStats().done, 2u) << "nested ones are part of the outer one";
  });
}

TEST(OffloadNested, BringsErrorsExceptionsAndADoneContextThrough) {
  Virtually([](const Context& ctx) {
    EXPECT_TRUE(Offload(ctx, [](const Context& c) { return Offload(c, [] { return Error(kClosed); }); }).Is(kClosed));
    EXPECT_EQ(Offload(ctx, [](const Context& c) { return Offload(c, []() -> int { throw std::runtime_error("deep"); }); }).Err().Message(), "deep");
    const CancelScope scope = WithCancel(ctx);
    const Error err = Offload(scope.ctx, [&](const Context& c) {
      scope.cancel();
      return Offload(c, [] { ADD_FAILURE(); });
    });
    EXPECT_TRUE(err.Is(kCanceled));
  });
}

// What the function may still touch: the caller's stack, and the function object with all that it holds.
TEST(OffloadEnd, ComesBeforeTheReturnHoweverItEnds) {
  OnLoops(2, [](const Context& ctx) {
    std::atomic<int> bad{0};
    Group group(ctx, {.spread = true});
    for (int caller = 0; caller < 4; ++caller) {
      group.Go([&, caller](const Context& c) {
        for (int i = 0; i < Rounds(500); ++i) {
          const CancelScope scope = WithTimeout(c, std::chrono::microseconds(i % 60));
          volatile int stack = 0;
          auto held = std::make_unique<int>(0);
          std::atomic<bool> started{false};
          std::atomic<bool> ended{false};
          const Error err = Offload(scope.ctx, [&, owned = std::make_shared<int>(1)](const Context& d) -> Error {
            started = true;
            if (i % 3 == 0) (void)d.Wait();
            for (int k = 0; k < 100; ++k) stack = stack + *owned;
            *held += 1;
            ended = true;
            if (i % 2 == 0) throw std::runtime_error("thrown");
            return {};
          });
          if (started != ended) ++bad;
          if (started && stack != 100) ++bad;
          if (started && i % 2 == 0 && err.Message() != "thrown") ++bad;
          if (!started && !err.Is(kDeadlineExceeded)) ++bad;
          held.reset();
        }
        return caller < 0 ? kClosed : Error();
      });
    }
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(bad.load(), 0);
  });
}

TEST(OffloadEnd, OfTheSchedulerWaitsForAllThatWasOffloaded) {
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  RunOptions options;
  options.loops = 1;
  options.offload_threads = 3;
  EXPECT_FALSE(weft::Run(Background(), options, [&](const Context& ctx) -> Error {
    Group group(ctx);
    for (int i = 0; i < 20; ++i) {
      group.Go([&](const Context& c) {
        return Offload(c, [&](const Context& d) {
          ++begun;
          (void)d.Wait();  // until the group is canceled by its end
          ++ended;
        });
      });
    }
    while (CurrentOffloadStats().busy < 3) Yield();
    return {};
  }));
  EXPECT_GE(begun.load(), 3);
  EXPECT_EQ(ended.load(), begun.load());
}

}  // namespace
}  // namespace weft
