// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

void (*HandlerOf(int signal))(int) {
  struct sigaction now{};
  sigaction(signal, nullptr, &now);
  return now.sa_handler;
}

void Nothing(int) {}

TEST(NotifyContext, IsCanceledByASignalThatIsItsCause) {
  auto [ctx, stop] = NotifyContext(Background(), {SIGINT, SIGTERM});
  EXPECT_FALSE(ctx.Err());

  kill(getpid(), SIGTERM);

  const Error err = ctx.Wait();
  EXPECT_TRUE(err.Is(kCanceled));
  EXPECT_FALSE(ctx.Cause().Is(kCanceled));
  EXPECT_EQ(ctx.Cause().Message(), "signal: terminated");
  EXPECT_EQ(err.Message(), "context canceled: signal: terminated");
}

TEST(NotifyContext, WakesFibersOfAllLoops) {
  OnLoops(2, [](const Context& parent) {
    auto [ctx, stop] = NotifyContext(parent, {SIGUSR1});
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 4; ++i) group.Go([](const Context& c) { return Sleep(c, 1h); });
    kill(getpid(), SIGUSR1);

    const Error err = group.Wait();
    EXPECT_TRUE(err.Is(kCanceled)) << "they say that they were cut short";
    EXPECT_FALSE(IgnoreCanceled(err)) << "a signal is no failure";
    EXPECT_EQ(ctx.Cause().Message(), "signal: user defined signal 1");
  });
}

TEST(NotifyContext, EndRestoresWhatWasSetBefore) {
  struct sigaction mine{};
  mine.sa_handler = Nothing;
  struct sigaction before{};
  sigaction(SIGUSR1, &mine, &before);
  {
    const CancelScope scope = NotifyContext(Background(), {SIGUSR1, SIGUSR2});
    EXPECT_NE(HandlerOf(SIGUSR1), Nothing);
    EXPECT_NE(HandlerOf(SIGUSR2), SIG_DFL);
  }
  EXPECT_EQ(HandlerOf(SIGUSR1), Nothing);
  EXPECT_EQ(HandlerOf(SIGUSR2), SIG_DFL);
  sigaction(SIGUSR1, &before, nullptr);
}

TEST(NotifyContext, TheFirstSignalGivesAllOfThemBackToTheDefault) {
  const CancelScope scope = NotifyContext(Background(), {SIGUSR1, SIGUSR2});

  kill(getpid(), SIGUSR1);
  EXPECT_TRUE(scope.ctx.Wait());

  EXPECT_EQ(HandlerOf(SIGUSR1), SIG_DFL);
  EXPECT_EQ(HandlerOf(SIGUSR2), SIG_DFL);
}

TEST(NotifyContext, CancelEndsTheWatchAtOnce) {
  const CancelScope scope = NotifyContext(Background(), {SIGUSR1});

  scope.cancel(Error::New("no more"));

  EXPECT_EQ(HandlerOf(SIGUSR1), SIG_DFL);
  EXPECT_EQ(scope.ctx.Cause().Message(), "no more");
  const CancelScope again = NotifyContext(Background(), {SIGUSR1});
  EXPECT_FALSE(again.ctx.Err());
}

TEST(NotifyContext, SeveralMayCancelItAtOnce) {
  for (int i = 0; i < Rounds(100); ++i) {
    const CancelScope scope = NotifyContext(Background(), {SIGUSR1});
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) threads.emplace_back([&] { scope.cancel(); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(HandlerOf(SIGUSR1), SIG_DFL);
  }
}

TEST(NotifyContext, EndsWithItsParent) {
  const CancelScope parent = WithCancel(Background());
  const CancelScope scope = NotifyContext(parent.ctx, {SIGUSR1});

  parent.cancel(Error::New("parent"));

  EXPECT_EQ(scope.ctx.Cause().Message(), "parent");
}

// A signal is ignored outside of the watch; what the handler sets on one thread must not stay after the end on another.
TEST(NotifyContext, EndAndSignalMeetOnTwoThreads) {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before{};
  sigaction(SIGUSR2, &ignore, &before);
  std::atomic<bool> done{false};
  std::atomic<bool> send{false};
  std::thread sender([&] {
    // One signal for each watch, handled on this thread before raise returns: a second one would kill.
    while (!done.load()) {
      if (send.load()) {
        raise(SIGUSR2);
        send.store(false);
      }
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < Rounds(500); ++i) {
    const CancelScope scope = NotifyContext(Background(), {SIGUSR2});
    send.store(true);
    if (i % 2 == 0) std::this_thread::yield();
    scope.cancel();
    while (send.load()) std::this_thread::yield();
    EXPECT_EQ(HandlerOf(SIGUSR2), SIG_IGN);
  }
  done.store(true);
  sender.join();
  sigaction(SIGUSR2, &before, nullptr);
}

TEST(NotifyContextDeathTest, ASecondSignalKills) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const CancelScope scope = NotifyContext(Background(), {SIGINT});
        kill(getpid(), SIGINT);
        (void)scope.ctx.Wait();
        kill(getpid(), SIGINT);
        for (;;) pause();
      },
      ::testing::KilledBySignal(SIGINT), "");
}

TEST(NotifyContextDeathTest, ASignalBelongsToOneWatch) {
  WEFT_EXPECT_DEATH(
      {
        const CancelScope first = NotifyContext(Background(), {SIGTERM});
        const CancelScope second = NotifyContext(Background(), {SIGTERM});
      },
      "NotifyContext: the signal belongs to another NotifyContext already");
}

TEST(NotifyContextDeathTest, ASignalThatCannotBeCaughtIsRefused) {
  WEFT_EXPECT_DEATH((void)NotifyContext(Background(), {SIGKILL}), "NotifyContext: this signal cannot be caught");
  WEFT_EXPECT_DEATH((void)NotifyContext(Background(), {0}), "NotifyContext: no such signal");
}

}  // namespace
}  // namespace weft
