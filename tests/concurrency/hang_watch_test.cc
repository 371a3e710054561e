// SPDX-License-Identifier: Apache-2.0
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

constexpr Duration kLimit = 4ms;
constexpr Duration kMuchLonger = 60ms;

struct Reports {
  std::mutex lock;
  std::vector<std::string> trees;
  std::vector<Duration> waits;
  std::function<void()> then;  // on the watchdog's thread

  HangReport Taker() {
    return [this](const std::vector<FiberInfo>& fibers, Duration waited) {
      {
        const std::lock_guard hold(lock);
        trees.push_back(FormatFiberTree(fibers));
        waits.push_back(waited);
      }
      if (then) then();
    };
  }
  std::size_t Count() {
    const std::lock_guard hold(lock);
    return trees.size();
  }
};

RunOptions Watched(int loops = 1) {
  RunOptions options;
  options.loops = loops;
  options.stall_limit = options.leak_limit = options.deadlock_limit = Duration::zero();
  return options;
}

TEST(LeakWatch, NamesWhatIsLeftAndWhereItWasStarted) {
  Reports reports;
  Event let_go;
  std::unique_ptr<Group> forgotten;
  unsigned line = 0;
  RunOptions options = Watched();
  options.leak_limit = kLimit;
  options.on_leak = reports.Taker();
  reports.then = [&] {
    let_go.Set();
    forgotten.reset();
  };

  const Error err = weft::Run(Background(), options, [&](const Context&) {
    forgotten = std::make_unique<Group>(Background());
    line = std::source_location::current().line() + 1;
    forgotten->Go("leaker", [&](const Context&) { return let_go.Wait(Background()); });
  });

  EXPECT_FALSE(err);
  ASSERT_EQ(reports.trees.size(), 1U);
  EXPECT_GE(reports.waits[0], kLimit);
  EXPECT_EQ(reports.trees[0].find("leaker  #"), 0U) << reports.trees[0];
  EXPECT_NE(reports.trees[0].find("parked on event  started at hang_watch_test.cc:" + std::to_string(line) + "\n"), std::string::npos)
      << reports.trees[0];
}

TEST(LeakWatch, RepeatsEverMoreRarely) {
  Reports reports;
  std::unique_ptr<Group> forgotten;
  RunOptions options = Watched(2);
  options.leak_limit = kLimit;
  options.on_leak = reports.Taker();
  reports.then = [&] {
    if (reports.waits.size() == 3) forgotten.reset();
  };

  const Error err = weft::Run(Background(), options, [&](const Context&) { forgotten = std::make_unique<Group>(Background()); });

  EXPECT_FALSE(err);
  ASSERT_EQ(reports.waits.size(), 3U);
  EXPECT_EQ(reports.trees[0], "") << "a group without members";
  EXPECT_GE(reports.waits[1], 2 * kLimit);
  EXPECT_GE(reports.waits[2], 4 * kLimit);
}

TEST(LeakWatch, IsSilentBeforeMainHasReturned) {
  Reports reports;
  RunOptions options = Watched();
  options.leak_limit = kLimit;
  options.on_leak = reports.Taker();

  EXPECT_FALSE(weft::Run(Background(), options, [&](const Context& ctx) {
    Group group(ctx);
    group.Go([](const Context& c) { return Sleep(c, kMuchLonger); });
    return group.Wait();
  }));

  EXPECT_EQ(reports.Count(), 0U);
}

TEST(DeadlockWatch, NamesWhoWaitsForWhat) {
  Reports reports;
  Event rescue;
  RunOptions options = Watched(2);
  options.deadlock_limit = kLimit;
  options.on_deadlock = reports.Taker();
  reports.then = [&] { rescue.Set(); };
  std::atomic<int> gave_up{0};
  // Who is canceled first lets go of its own mutex, which the other one may get before the cancel comes to it.
  const auto lock = [&](const Context& c, Mutex& second) {
    const Error err = second.Lock(c);
    if (err) {
      EXPECT_TRUE(err.Is(kCanceled));
      ++gave_up;
    } else {
      second.unlock();
    }
  };

  const Error err = weft::Run(Background(), options, [&](const Context& ctx) {
    Mutex left, right;
    Event have_left, have_right;
    const CancelScope gives_up = WithCancel(ctx);
    Group group(gives_up.ctx, {.spread = true});
    group.Go("left first", [&](const Context& c) {
      const std::lock_guard hold(left);
      have_left.Set();
      EXPECT_FALSE(have_right.Wait(c));
      lock(c, right);
    });
    group.Go("right first", [&](const Context& c) {
      const std::lock_guard hold(right);
      have_right.Set();
      EXPECT_FALSE(have_left.Wait(c));
      lock(c, left);
    });
    EXPECT_FALSE(rescue.Wait(ctx));
    gives_up.cancel();
    return group.Wait();
  });

  EXPECT_FALSE(err) << err.Message();
  EXPECT_GE(gave_up, 1);
  ASSERT_EQ(reports.trees.size(), 1U);
  const std::string& tree = reports.trees[0];
  EXPECT_GE(reports.waits[0], kLimit);
  EXPECT_EQ(std::count(tree.begin(), tree.end(), '\n'), 3) << tree;
  EXPECT_NE(tree.find("parked on event\n"), std::string::npos) << tree;
  for (const char* name : {"left first", "right first"}) {
    const std::size_t at = tree.find(name);
    ASSERT_NE(at, std::string::npos) << tree;
    EXPECT_LT(tree.find("parked on mutex", at), tree.find('\n', at)) << tree;
  }
}

// Who has gone on after a report is fed by somebody whom the scheduler does not know.
TEST(DeadlockWatch, LearnsThatASchedulerIsFedFromOutside) {
  Reports reports;
  Event first, second;
  RunOptions options = Watched();
  options.deadlock_limit = kLimit;
  options.on_deadlock = reports.Taker();
  reports.then = [&] { first.Set(); };

  std::thread feeder;
  EXPECT_FALSE(weft::Run(Background(), options, [&](const Context& ctx) {
    EXPECT_FALSE(first.Wait(ctx));
    feeder = std::thread([&] {
      EXPECT_FALSE(Sleep(Background(), kMuchLonger));
      second.Set();
    });
    return second.Wait(ctx);
  }));
  feeder.join();

  EXPECT_EQ(reports.Count(), 1U);
}

class NoDeadlock : public ::testing::Test {
 protected:
  // `main` waits much longer than the limit.
  void Expect(std::function<void(const Context&)> main) {
    Reports reports;
    RunOptions options = Watched(2);
    options.deadlock_limit = kLimit;
    options.on_deadlock = reports.Taker();
    const TimePoint start = Now();
    EXPECT_FALSE(weft::Run(Background(), options, main));
    EXPECT_GE(Now() - start, kMuchLonger - 1ms);
    EXPECT_EQ(reports.Count(), 0U) << reports.trees[0];
  }
};

TEST_F(NoDeadlock, WhileATimerIsArmed) {
  Expect([](const Context& ctx) { EXPECT_FALSE(Sleep(ctx, kMuchLonger)); });
}

TEST_F(NoDeadlock, WhileADeadlineWillCome) {
  Expect([](const Context& ctx) {
    const CancelScope scope = WithTimeout(ctx, kMuchLonger);
    Event never;
    EXPECT_TRUE(never.Wait(scope.ctx).Is(kDeadlineExceeded));
  });
}

TEST_F(NoDeadlock, WhileADescriptorIsWatched) {
  Expect([](const Context& ctx) {
    struct Watch : FdWatch {
      void OnFdEvents(std::uint32_t) override { signal.Notify(); }
      LoopSignal signal;
    } watch;
    const int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    itimerspec spec{};
    spec.it_value.tv_nsec = Duration(kMuchLonger).count();
    timerfd_settime(fd, 0, &spec, nullptr);
    EXPECT_FALSE(Loop::Current()->Add(watch, fd, EPOLLIN));
    EXPECT_EQ(watch.signal.Wait(ctx, "descriptor"), LoopSignal::Outcome::kNotified);
    Loop::Current()->Remove(watch, fd);
    close(fd);
  });
}

TEST_F(NoDeadlock, WhileAFunctionRunsInOffload) {
  Expect([](const Context& ctx) {
    EXPECT_FALSE(Offload(ctx, [](const Context& c) { return Sleep(c, kMuchLonger); }));
  });
}

TEST_F(NoDeadlock, WhileASignalMayCome) {
  const CancelScope signals = NotifyContext(Background(), {SIGUSR2});
  std::thread feeder;
  Event event;
  Expect([&](const Context& ctx) {
    feeder = std::thread([&] {
      EXPECT_FALSE(Sleep(Background(), kMuchLonger));
      event.Set();
    });
    EXPECT_FALSE(event.Wait(ctx));
  });
  feeder.join();
}

TEST(HangWatchDeathTest, SaysSoOnStderrByDefault) {
  const auto die_soon = [] {
    std::thread([] {
      (void)Sleep(Background(), 1s);
      std::abort();
    }).detach();
  };
  WEFT_EXPECT_DEATH(
      {
        die_soon();
        RunOptions options = Watched();
        options.leak_limit = kLimit;
        (void)weft::Run(Background(), options, [](const Context&) {
          auto* group = new Group(Background());
          group->Go("leaker", [](const Context& c) { return Event().Wait(c); });
        });
      },
      "weft: \"main\" has returned, but Run cannot: 1 of its groups, StopFuncs or servers is left, and none has ended for "
      "[0-9.]+s; these fibers are left:\nleaker  #[0-9]+  loop 0  age [0-9.]+s  parked on event  started at hang_watch_test.cc:[0-9]+\n");
  WEFT_EXPECT_DEATH(
      {
        die_soon();
        RunOptions options = Watched();
        options.deadlock_limit = kLimit;
        (void)weft::Run(Background(), options, [](const Context& c) { return Event().Wait(c); });
      },
      "weft: the only fiber has waited for [0-9.]+s, and no timer, descriptor or offload is pending: nothing inside this scheduler "
      "can wake them\nmain  #[0-9]+  loop 0  age [0-9.]+s  parked on event\n");
}

}  // namespace
}  // namespace weft
