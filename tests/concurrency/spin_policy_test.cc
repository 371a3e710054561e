// SPDX-License-Identifier: Apache-2.0
//
// When a loop spins, on a model of two cores: no threads, no clock.
#include <weft/concurrency/internal/runtime/spin_policy.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>

namespace weft::internal {
namespace {

constexpr std::int64_t kUs = 1'000;

// A loop that waits for messages, as LoopCore does it.
class Waiter {
 public:
  explicit Waiter(std::int64_t wake_ns) : wake_ns_(wake_ns) {}

  // Has nothing to do from `from` on; a message comes at `at`. Returns when the loop goes on with it.
  std::int64_t Wait(std::int64_t from, std::int64_t at) {
    if (at <= from) return from;
    if (policy_.Worthwhile()) {
      ++spins_;
      const std::int64_t limit = policy_.LimitNs();
      if (at - from <= limit) {
        spun_ns_ += at - from;
        policy_.Spun(true, at - from);
        return at;
      }
      spun_ns_ += limit;
      policy_.Spun(false, limit);
    }
    ++sleeps_;
    policy_.WokenByMessage(at - from, wake_ns_);
    return at + wake_ns_;
  }
  int sleeps() const { return sleeps_; }
  int spins() const { return spins_; }
  std::int64_t spun_ns() const { return spun_ns_; }

 private:
  SpinPolicy policy_;
  const std::int64_t wake_ns_;
  int sleeps_ = 0;
  int spins_ = 0;
  std::int64_t spun_ns_ = 0;
};

// Two loops that answer each other, each after `work_ns`.
struct PingPong {
  PingPong(std::int64_t wake_ns, std::int64_t each_works_ns) : PingPong(wake_ns, wake_ns, each_works_ns) {}
  PingPong(std::int64_t wake_here_ns, std::int64_t wake_there_ns, std::int64_t each_works_ns)
      : here(wake_here_ns), there(wake_there_ns), work_ns(each_works_ns) {}
  void Play(int trips) {
    for (int i = 0; i < trips; ++i) {
      const std::int64_t sent = now + work_ns;
      const std::int64_t answered = there.Wait(there_idle, sent) + work_ns;
      there_idle = answered;
      now = here.Wait(sent, answered);
    }
  }
  Waiter here, there;
  const std::int64_t work_ns;
  std::int64_t now = 0;
  std::int64_t there_idle = 0;
};

TEST(SpinPolicy, LoopsThatReplyQuicklyEndUpAwakeHoweverLongAWakeTakes) {
  for (const std::int64_t wake_us : {1, 5, 20, 40, 60, 100, 150, 200, 250}) {
    for (const std::int64_t work_ns : {200, 1'000, 5'000, 15'000}) {
      SCOPED_TRACE(::testing::Message() << "wake-up " << wake_us << " us, work " << work_ns << " ns");
      PingPong game(wake_us * kUs, work_ns);
      game.Play(100);
      const int slept = game.here.sleeps() + game.there.sleeps();
      game.Play(1000);
      EXPECT_EQ(game.here.sleeps() + game.there.sleeps(), slept);
      EXPECT_GT(slept, 0);
    }
  }
}

TEST(SpinPolicy, ASingleLongPauseDoesNotEndSpinning) {
  for (const std::int64_t wake_us : {5, 60, 250}) {
    SCOPED_TRACE(::testing::Message() << "wake-up " << wake_us << " us");
    PingPong game(wake_us * kUs, 300);
    game.Play(200);
    for (int pauses = 0; pauses < 5; ++pauses) {
      game.now += 3'000 * kUs;  // the system had taken the core away
      game.Play(100);
      const int slept = game.here.sleeps() + game.there.sleeps();
      game.Play(100);
      EXPECT_EQ(game.here.sleeps() + game.there.sleeps(), slept);
    }
  }
}

// Messages that are no answers, so that being awake makes them come no earlier, with `gap()` between two: the part of the time that
// is spent in spinning.
template <class Gap>
double PartSpun(std::int64_t wake_ns, Gap gap) {
  Waiter loop(wake_ns);
  std::int64_t idle = 0, at = 0;
  for (int i = 0; i < 5'000; ++i) {
    at += gap();
    idle = loop.Wait(idle, at) + 300;
  }
  return static_cast<double>(loop.spun_ns()) / static_cast<double>(idle);
}

// Those that come within 20 us after a wake-up are worth it, whoever sends them.
TEST(SpinPolicy, RegularMessagesThatComeNoEarlierForItCostLittleSpinning) {
  for (const std::int64_t wake_us : {5, 20, 60, 120, 250}) {
    for (std::int64_t every_us = wake_us + 22; every_us < 1'500; every_us += every_us < 400 ? 3 : 20) {
      SCOPED_TRACE(::testing::Message() << "wake-up " << wake_us << " us, a message every " << every_us << " us");
      EXPECT_LT(PartSpun(wake_us * kUs, [&] { return every_us * kUs; }), 0.05);
    }
  }
}

TEST(SpinPolicy, RandomMessagesThatComeNoEarlierForItCostLittleSpinning) {
  for (const std::int64_t wake_us : {5, 20, 60, 120, 250}) {
    for (const int mean_us : {50, 70, 100, 200, 500, 1'000}) {
      SCOPED_TRACE(::testing::Message() << "wake-up " << wake_us << " us, a message every " << mean_us << " us on average");
      std::mt19937 random(1);
      std::exponential_distribution<double> gap_us(1.0 / mean_us);
      EXPECT_LT(PartSpun(wake_us * kUs, [&] { return static_cast<std::int64_t>(gap_us(random) * kUs); }), 0.035);
    }
  }
}

TEST(SpinPolicy, SeldomMessagesAreNeverSpunFor) {
  Waiter loop(10 * kUs);
  for (int i = 0; i < 1000; ++i) loop.Wait(i * 1'000 * kUs, (i + 1) * 1'000 * kUs);
  EXPECT_EQ(loop.spins(), 0);
}

TEST(SpinPolicy, AWakeUpThatIsTooSlowIsNotWaitedFor) {
  PingPong game(2'000 * kUs, 300);
  game.Play(10'000);
  EXPECT_EQ(game.here.spins(), 0);
}

// The other one of a quick game has gone away, and messages of others come now and then.
TEST(SpinPolicy, StopsSpinningSoonAfterTheQuickGame) {
  PingPong game(60 * kUs, 300);
  game.Play(1000);
  const int spins = game.here.spins();
  const std::int64_t spun = game.here.spun_ns();
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t from = game.now;
    game.now = game.here.Wait(from, from + 1'000 * kUs);
  }
  EXPECT_LE(game.here.spins() - spins, 5);
  EXPECT_LE(game.here.spun_ns() - spun, 1'000 * kUs);
}

// Whatever each of the two has learned before from others: they must not try in turns for ever, each while the other one sleeps.
TEST(SpinPolicy, LoopsFindEachOtherWhateverTheyHaveSeen) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto up_to = [&random](int n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)) + 1; };
    const std::int64_t wake_ns = up_to(160) * kUs;
    PingPong game(wake_ns, wake_ns * (100 + up_to(50)) / 100, up_to(18) * 1'000);
    for (Waiter* loop : {&game.here, &game.there}) {
      const std::int64_t longest_us = up_to(400);
      for (std::int64_t i = up_to(2'000); i > 0; --i) game.now = loop->Wait(game.now, game.now + up_to(static_cast<int>(longest_us)) * kUs);
    }
    game.there_idle = game.now;
    game.Play(500);
    const int slept = game.here.sleeps() + game.there.sleeps();
    game.Play(200);
    EXPECT_EQ(game.here.sleeps() + game.there.sleeps(), slept);
  }
}

// What was in vain is forgotten after a game that went well.
TEST(SpinPolicy, AGameLeavesNoOldFailuresBehind) {
  PingPong game(60 * kUs, 300);
  const auto wait = [&game](int times, std::int64_t ns) {
    for (Waiter* loop : {&game.here, &game.there}) {
      for (int i = 0; i < times; ++i) game.now = loop->Wait(game.now, game.now + ns);
    }
    game.there_idle = game.now;
  };
  wait(20'000, 100 * kUs);
  game.Play(1000);
  wait(20, 1'000 * kUs);
  game.Play(40);
  const int slept = game.here.sleeps() + game.there.sleeps();
  game.Play(100);
  EXPECT_EQ(game.here.sleeps() + game.there.sleeps(), slept);
}

}  // namespace
}  // namespace weft::internal
