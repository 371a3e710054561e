// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include <boost/asio/steady_timer.hpp>

#include <weft/concurrency/await.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/run.h>

namespace weft {
namespace {

// Says where it was made and destroyed.
struct Noted {
  explicit Noted(std::atomic<int>& n) : alive(n), thread(std::this_thread::get_id()) { ++alive; }
  Noted(const Noted&) = delete;
  ~Noted() {
    EXPECT_EQ(thread, std::this_thread::get_id()) << "destroyed on another loop";
    --alive;
  }
  std::atomic<int>& alive;
  const std::thread::id thread;
  int uses = 0;
};

void RunOn(int loops, std::function<void(const Context&)> main) {
  RunOptions options;
  options.loops = loops;
  EXPECT_FALSE(Run(Background(), options, [&](const Context& ctx) { main(ctx); }));
}

// Runs `use` in `fibers` fibers on all loops.
void Spread(const Context& ctx, int fibers, std::function<void()> use) {
  GroupOptions spread;
  spread.spread = true;
  Group group(ctx, spread);
  for (int i = 0; i < fibers; ++i) group.Go("user", [&](const Context&) { use(); });
  EXPECT_FALSE(group.Wait());
}

TEST(PerLoop, EachLoopHasOneOfItsOwn) {
  std::atomic<int> alive{0}, shared{0};
  PerLoop<Noted> noted([&] { return Noted(alive); });
  RunOn(3, [&](const Context& ctx) {
    Spread(ctx, 30, [&] {
      EXPECT_EQ(noted->thread, std::this_thread::get_id());
      if (noted->uses++ > 0) ++shared;
    });
    EXPECT_EQ(alive.load(), 3);
  });

  EXPECT_EQ(shared.load(), 27);
}

TEST(PerLoop, AValueEndsWithItsLoopAndTheNextLoopGetsANewOne) {
  std::atomic<int> alive{0};
  PerLoop<Noted> noted([&] { return Noted(alive); });
  for (int run = 0; run < 3; ++run) {
    RunOn(2, [&](const Context& ctx) {
      Spread(ctx, 4, [&] { noted.Get(); });
      EXPECT_EQ(alive.load(), 2);
    });
    EXPECT_EQ(alive.load(), 0);
  }
}

TEST(PerLoop, ADestructorEndsTheValuesOfAllLoopsAndWaitsForThat) {
  std::atomic<int> alive{0};
  RunOn(3, [&](const Context& ctx) {
    for (int round = 0; round < 50; ++round) {
      PerLoop<Noted> first([&] { return Noted(alive); });
      std::optional<PerLoop<Noted>> second(std::in_place, [&] { return Noted(alive); });
      Spread(ctx, 6, [&] {
        first.Get();
        second->Get();
      });
      EXPECT_EQ(alive.load(), 6);
      second.reset();
      EXPECT_EQ(alive.load(), 3);
    }
  });

  EXPECT_EQ(alive.load(), 0);
}

TEST(PerLoop, AValueMayHoldAsioObjectsOfItsLoop) {
  struct Timer {
    boost::asio::steady_timer timer{CurrentExecutor()};
  };
  PerLoop<Timer> timers([] { return Timer(); });
  RunOn(2, [&](const Context& ctx) {
    Spread(ctx, 8, [&] { EXPECT_FALSE(timers->timer.async_wait(Await(ctx))); });
  });
}

TEST(PerLoop, AnExceptionOfTheMakerGoesToTheCallerAndTheNextOneTriesAgain) {
  RunOn(1, [](const Context&) {
    int calls = 0;
    PerLoop<int> numbers([&]() -> int {
      if (++calls == 1) throw std::runtime_error("no");
      return 7;
    });

    EXPECT_THROW(numbers.Get(), std::runtime_error);
    EXPECT_EQ(*numbers, 7);
    EXPECT_EQ(*numbers, 7);
    EXPECT_EQ(calls, 2);
  });
}

TEST(PerLoopDeathTest, AbortsOnAPlainThreadAndWhereItIsAskedForWhileItIsMade) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  PerLoop<int> numbers;
  EXPECT_DEATH(numbers.Get(), "PerLoop::Get.*weft::Run");

  const auto ask_again = [] {
    RunOn(1, [](const Context&) {
      PerLoop<int>* self = nullptr;
      PerLoop<int> circular([&] { return self->Get(); });
      self = &circular;
      circular.Get();
    });
  };
  EXPECT_DEATH(ask_again(), "PerLoop::Get.*being made");
}

}  // namespace
}  // namespace weft
