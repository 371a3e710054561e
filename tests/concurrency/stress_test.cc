// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/sync.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// Random work over everything that wakes somebody, under contexts that end at random. Nothing may hang, be lost or be kept.
class Stress {
 public:
  explicit Stress(unsigned seed) : seed_(seed) {}

  // In a fiber or on a plain thread.
  void Work(const Context& ctx, unsigned worker, int rounds) {
    std::minstd_rand random(seed_ + worker * 7919);
    for (int i = 0; i < rounds; ++i) Step(ctx, random);
  }

  void Check() {
    EXPECT_TRUE(mutex_.try_lock());
    mutex_.unlock();
    EXPECT_EQ(shared_, sections_.load());
    EXPECT_EQ(ran_.load(), expected_.load());
  }

 private:
  static Duration Short(std::minstd_rand& random) { return std::chrono::microseconds(random() % 100); }

  void Step(const Context& ctx, std::minstd_rand& random) {
    const CancelScope scope = random() % 2 == 0 ? WithTimeout(ctx, Short(random)) : WithCancel(ctx);
    switch (random() % 6) {
      case 0: return Section(scope.ctx);
      case 1: return CancelFromElsewhere(ctx, scope, random);
      case 2: return Signal(ctx, scope.ctx, random);
      case 3: return Callback(scope, random);
      case 4: return Offloaded(scope.ctx);
      default: return Tree(scope, random);
    }
  }

  void Section(const Context& ctx) {
    if (mutex_.Lock(ctx)) return;
    ++shared_;
    ++sections_;
    if (shared_ % 16 == 0) Yield();
    mutex_.unlock();
  }

  void CancelFromElsewhere(const Context& ctx, const CancelScope& scope, std::minstd_rand& random) {
    Group group(ctx, {.spread = true});
    const bool yield = random() % 2 == 0;
    group.Go([&, yield](const Context&) {
      if (yield) Yield();
      scope.cancel();
    });
    Section(scope.ctx);
    EXPECT_FALSE(group.Wait());
  }

  void Signal(const Context& ctx, const Context& limited, std::minstd_rand& random) {
    Event event;
    WaitGroup done;
    done.Add(2);
    Group group(ctx, {.limit = 3, .spread = true});
    const Duration pause = Short(random);
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context&) {
        (void)event.Wait(limited);
        done.Done();
      });
    }
    group.Go([&, pause](const Context& c) {
      (void)Sleep(c, pause);
      event.Set();
    });
    EXPECT_FALSE(done.Wait(Background()));
    EXPECT_FALSE(group.Wait());
  }

  void Callback(const CancelScope& scope, std::minstd_rand& random) {
    StopFunc stop = AfterFunc(scope.ctx, [this] { ++ran_; });
    if (random() % 2 == 0) scope.cancel();
    if (random() % 2 == 0) Yield();
    if (!stop()) ++expected_;
  }

  void Offloaded(const Context& ctx) {
    if (!Offload(ctx, [this] { ++ran_; })) ++expected_;
  }

  void Tree(const CancelScope& scope, std::minstd_rand& random) {
    std::vector<CancelScope> scopes;
    scopes.push_back(WithCancel(scope.ctx));
    for (int i = 0; i < 10; ++i) scopes.push_back(WithTimeout(scopes[random() % scopes.size()].ctx, Short(random)));
    Group group(scope.ctx, {.spread = true});
    group.Go([&](const Context&) { scopes.front().cancel(); });
    EXPECT_TRUE(scopes.back().ctx.Wait());
    group.Cancel();
    (void)group.Wait();
  }

  const unsigned seed_;
  Mutex mutex_;
  std::int64_t shared_ = 0;  // guarded by mutex_
  std::atomic<std::int64_t> sections_{0};
  std::atomic<std::int64_t> ran_{0};
  std::atomic<std::int64_t> expected_{0};
};

class StressTest : public ::testing::TestWithParam<int> {};

TEST_P(StressTest, NothingIsLost) {
  const char* given = std::getenv("WEFT_STRESS_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
  std::printf("WEFT_STRESS_SEED=%u\n", seed);
  const int rounds = Rounds(15000);
  Stress stress(seed);
  std::vector<std::thread> plain;
  for (unsigned t = 0; t < 2; ++t) {
    plain.emplace_back([&, t] { stress.Work(Background(), 100 + t, rounds / 10); });
  }
  OnLoops(GetParam(), [&](const Context& ctx) {
    Group group(ctx, {.spread = true});
    for (unsigned f = 0; f < 12; ++f) group.Go([&, f](const Context& c) { stress.Work(c, f, rounds); });
    EXPECT_FALSE(group.Wait());
  });
  for (std::thread& thread : plain) thread.join();

  stress.Check();
}

INSTANTIATE_TEST_SUITE_P(Loops, StressTest, ::testing::Values(1, 2, 4));

}  // namespace
}  // namespace weft
