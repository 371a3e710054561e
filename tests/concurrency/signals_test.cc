// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/signals.h>

#include <gmock/gmock.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>

#include "kit.h"
#include "signal_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

TEST(Signals, ComeAgainAndAgain) {
  Signals signals({SIGUSR1});
  for (int i = 0; i < 3; ++i) {
    kill(getpid(), SIGUSR1);
    const Result<int> signal = signals.Wait(Background());
    ASSERT_TRUE(signal.Ok());
    EXPECT_EQ(*signal, SIGUSR1);
  }
}

TEST(Signals, WaitUntilSomebodyTakesThem) {
  Signals signals({SIGUSR1, SIGHUP});
  raise(SIGHUP);
  raise(SIGHUP);
  raise(SIGUSR1);

  std::vector<int> seen;
  while (seen.size() < 2) seen.push_back(*signals.Wait(Background()));

  EXPECT_THAT(seen, ::testing::UnorderedElementsAre(SIGHUP, SIGUSR1)) << "several of one kind are one";
  const CancelScope soon = WithTimeout(Background(), 1ms);
  EXPECT_TRUE(signals.Wait(soon.ctx).Err().Is(kDeadlineExceeded)) << "and they have been taken";
}

TEST(Signals, ASecondSignalDuringHandlingIsDelivered) {
  Signals signals({SIGUSR1});
  raise(SIGUSR1);
  EXPECT_EQ(*signals.Wait(Background()), SIGUSR1);
  raise(SIGUSR1);  // while what the first one asked for is done
  EXPECT_EQ(*signals.Wait(Background()), SIGUSR1);
}

TEST(Signals, AnArrivalIsForOneWaiterOfAnyLoop) {
  const OffFibers off_fibers(SIGUSR1);
  OnLoops(2, [](const Context& ctx) {
    Signals signals({SIGUSR1});
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 3; ++i) {
      group.Go([&](const Context& c) {
        const Result<int> signal = signals.Wait(c);
        EXPECT_TRUE(signal.Ok());
        if (signal.Ok()) kill(getpid(), *signal);  // for the next one
      });
    }
    kill(getpid(), SIGUSR1);
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Signals, AWaitEndsWithItsContext) {
  Virtually([](const Context& ctx) {
    Signals signals({SIGUSR1});
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { EXPECT_TRUE(signals.Wait(scope.ctx).Err().Is(kCanceled)); });
    Settle(ctx);
    scope.cancel();
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Signals, AreACaseOfASelect) {
  OnLoops(1, [](const Context& ctx) {
    Signals signals({SIGUSR1, SIGUSR2});
    const Chan<int> jobs(1);
    int last = 0;
    const auto select = [&] {
      const Result<std::size_t> which = Select(
          ctx, OnSignal(signals, [&](int signal) { last = signal; }),
          OnReceive(jobs, [&](const Result<int>& job) { last = *job; }));
      return which.Ok() ? *which : SIZE_MAX;
    };
    for (const int signal : {SIGUSR1, SIGUSR2, SIGUSR1}) {
      kill(getpid(), signal);
      EXPECT_EQ(select(), 0u);
      EXPECT_EQ(last, signal);
    }
    EXPECT_TRUE(jobs.TrySend(-1));
    EXPECT_EQ(select(), 1u);
    EXPECT_EQ(last, -1);
    kill(getpid(), SIGUSR1);
    const Error failed = Select(ctx, OnSignal(signals, [](int) { return Error::New("reload"); })).Err();
    EXPECT_EQ(failed.Message(), "reload");
  });
}

TEST(Signals, AreHeardThoughAllOtherThreadsBlockThem) {
  const ScopedBlock blocked(SIGUSR1);
  kill(getpid(), SIGUSR1);  // it waits for somebody to take it
  {
    Signals signals({SIGUSR1});
    EXPECT_EQ(*signals.Wait(Background()), SIGUSR1);
  }
}

TEST(Signals, EndRestoresWhatWasSetBefore) {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before{};
  sigaction(SIGUSR1, &ignore, &before);
  {
    const Signals signals({SIGUSR1, SIGUSR2});
    EXPECT_NE(HandlerOf(SIGUSR1), SIG_IGN);
    EXPECT_NE(HandlerOf(SIGUSR2), SIG_DFL);
  }
  EXPECT_EQ(HandlerOf(SIGUSR1), SIG_IGN);
  EXPECT_EQ(HandlerOf(SIGUSR2), SIG_DFL);
  sigaction(SIGUSR1, &before, nullptr);
}

TEST(Signals, MayBeUsedTogetherWithANotifyContextOfOtherSignals) {
  Signals signals({SIGUSR1});
  const CancelScope scope = NotifyContext(Background(), {SIGUSR2});
  raise(SIGUSR1);
  EXPECT_EQ(*signals.Wait(scope.ctx), SIGUSR1);
  raise(SIGUSR2);
  EXPECT_TRUE(signals.Wait(scope.ctx).Err().Is(kCanceled));
}

// A storm while others take: whatever was sent last is seen.
TEST(Signals, TheLastOneOfAStormIsNotLost) {
  const OffFibers off_fibers(SIGUSR1);
  OnLoops(2, [](const Context& ctx) {
    Signals signals({SIGUSR1});
    for (int round = 0; round < Rounds(200); ++round) {
      std::atomic<int> sent{0};
      std::thread sender([&] {
        for (int i = 0; i < 20; ++i) {
          sent.fetch_add(1);
          kill(getpid(), SIGUSR1);
        }
      });
      // Whoever has taken an arrival has seen what was done before it was sent.
      int seen = 0;
      while (seen < 20) {
        ASSERT_TRUE(signals.Wait(ctx).Ok());
        seen = sent.load();
      }
      sender.join();
      const CancelScope soon = WithTimeout(ctx, 1ms);
      while (signals.Wait(soon.ctx).Ok()) {
      }
    }
  });
}

TEST(Signals, WithoutAThreadWaitSaysWhy) {
  if (kSanitized) GTEST_SKIP() << "sanitizers look at the sizes of stacks";
  pthread_attr_t before, endless;
  ASSERT_EQ(pthread_getattr_default_np(&before), 0);
  pthread_attr_init(&endless);
  pthread_attr_setstacksize(&endless, std::size_t{1} << 47);  // more than there are addresses
  ASSERT_EQ(pthread_setattr_default_np(&endless), 0);
  {
    Signals signals({SIGUSR1});
    const Error err = signals.Wait(Background()).Err();
    EXPECT_TRUE(err.Message().starts_with("Signals: start the thread of the watch: ")) << err.Message();
    EXPECT_EQ(HandlerOf(SIGUSR1), SIG_DFL) << "nobody watches";
    EXPECT_EQ(*Select(Background(), OnSignal(signals, [](int) {}), OnDefault()), 1u);
  }
  ASSERT_EQ(pthread_setattr_default_np(&before), 0);
}

TEST(SignalsDeathTest, ASignalBelongsToOneWatch) {
  WEFT_EXPECT_DEATH(
      {
        const Signals first({SIGHUP});
        const Signals second({SIGHUP});
      },
      "Signals: the signal already belongs to another NotifyContext or Signals");
  WEFT_EXPECT_DEATH(
      {
        const Signals first({SIGHUP});
        const CancelScope second = NotifyContext(Background(), {SIGHUP});
      },
      "NotifyContext: the signal already belongs to another NotifyContext or Signals");
  WEFT_EXPECT_DEATH(Signals({SIGSTOP}), "Signals: this signal cannot be caught");
}

}  // namespace
}  // namespace weft
