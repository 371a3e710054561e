// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/structure/signal_verdict.h>

#include "kit.h"
#include "signal_kit.h"

namespace weft {
namespace {

using namespace weft::testing;

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

// timeout(1) sends SIGTERM to its child and then to the whole group.
TEST(NotifyContext, ASecondSignalRightAfterTheFirstChangesNothing) {
  const CancelScope scope = NotifyContext(Background(), {SIGUSR1, SIGUSR2});
  sigset_t both, before;
  sigemptyset(&both);
  sigaddset(&both, SIGUSR1);
  sigaddset(&both, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &both, &before);

  raise(SIGUSR1);
  raise(SIGUSR2);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);  // here they come, the one right behind the other

  EXPECT_EQ(scope.ctx.Wait().Message(), "context canceled: signal: user defined signal 1");
}

TEST(NotifyContext, JudgesLaterSignalsByKindAndTime) {
  using internal::JudgeLaterSignal;
  using internal::SignalVerdict;
  struct Row {
    int signal;
    std::chrono::nanoseconds since_first;
    SignalVerdict verdict;
  };
  const Row rows[] = {
      {SIGTERM, 0ns, SignalVerdict::kNothing},          {SIGTERM, 499ms, SignalVerdict::kNothing},
      {SIGTERM, 500ms, SignalVerdict::kDefaultAction},  {SIGTERM, 1h, SignalVerdict::kDefaultAction},
      {SIGHUP, 499ms, SignalVerdict::kNothing},         {SIGHUP, 500ms, SignalVerdict::kDefaultAction},
      {SIGINT, 0ns, SignalVerdict::kDefaultAction},     {SIGINT, 1h, SignalVerdict::kDefaultAction},
      {SIGQUIT, 0ns, SignalVerdict::kDefaultAction},
  };
  for (const Row& row : rows) EXPECT_EQ(JudgeLaterSignal(row.signal, row.since_first.count()), row.verdict) << row.signal;
}

// The mask lives on through exec: thread pools of some runtimes start their children so.
TEST(NotifyContext, ReceivesSignalsThatAllOtherThreadsBlock) {
  const ScopedBlock blocked(SIGUSR1);
  kill(getpid(), SIGUSR1);  // it waits for somebody to take it
  {
    const CancelScope scope = NotifyContext(Background(), {SIGUSR1});

    EXPECT_TRUE(scope.ctx.Wait());

    EXPECT_EQ(scope.ctx.Cause().Message(), "signal: user defined signal 1");
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    EXPECT_EQ(sigismember(&now, SIGUSR1), 1) << "the caller's mask is the caller's";
    EXPECT_EQ(sigismember(&now, SIGTERM), 0);
  }
}

TEST(NotifyContext, NeedsNoDescriptor) {
  if (kAsan) GTEST_SKIP() << "UndefinedBehaviorSanitizer looks at classes that it has not met through a pipe";
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  {
    const CancelScope scope = NotifyContext(Background(), {SIGUSR1});
    raise(SIGUSR1);
    EXPECT_EQ(scope.ctx.Wait().Message(), "context canceled: signal: user defined signal 1");
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
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
    // One signal for each watch, handled on this thread before raise returns.
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

// What a child did that began in `body` and was sent signals by `send`.
template <class Body, class Send>
int StatusOfChild(Body body, Send send) {
  int ready[2];
  EXPECT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    body(ready[1]);
    _exit(0);
  }
  close(ready[1]);
  char byte = 0;
  EXPECT_EQ(read(ready[0], &byte, 1), 1) << "the child has died too early";
  int status = 0;
  send(child, [&] { return waitpid(child, &status, WNOHANG) == child; });
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  close(ready[0]);
  return status;
}

// Says that the context was canceled, and then never parks again.
void HangAfterTheCancel(int ready, std::initializer_list<int> signals, bool block_others) {
  if (block_others) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
  }
  auto [ctx, stop] = NotifyContext(Background(), signals);
  RunOptions options;
  options.loops = 2;
  options.stall_limit = Duration::zero();
  (void)weft::Run(ctx, options, [&](const Context& c) {
    Group group(WithoutCancel(c), {.spread = true});
    for (int i = 0; i < 2; ++i) {
      group.Go([&](const Context&) {
        for (;;) {
          if (c.Err() && write(ready, "x", 1) == 1) break;
          if (!c.Err()) Yield();
        }
        for (volatile int held = 0;;) held = held + 1;
      });
    }
    kill(getpid(), signals.begin()[0]);
    return group.Wait();
  });
}

TEST(NotifyContextSignals, ALaterOneKillsThoughAllLoopsHang) {
  if (kSanitized) GTEST_SKIP() << "a fork of a program with threads";
  for (const bool block_others : {false, true}) {
    std::chrono::steady_clock::time_point first, died;
    const int status = StatusOfChild([&](int ready) { HangAfterTheCancel(ready, {SIGTERM}, block_others); },
                                     [&](pid_t child, auto dead) {
                                       first = std::chrono::steady_clock::now();
                                       while (!dead()) {
                                         kill(child, SIGTERM);
                                         std::this_thread::yield();
                                       }
                                       died = std::chrono::steady_clock::now();
                                     });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
    EXPECT_GT(died - first, 50ms) << "the first ones change nothing";
  }
}

TEST(NotifyContextSignals, ASecondInterruptKillsAtOnce) {
  if (kSanitized) GTEST_SKIP() << "a fork of a program with threads";
  const int status = StatusOfChild([](int ready) { HangAfterTheCancel(ready, {SIGTERM, SIGINT}, false); },
                                   [](pid_t child, auto) { kill(child, SIGINT); });
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
}

// Of a default action that does not end the process nothing is left behind.
TEST(NotifyContextSignals, ALaterOneThatIsIgnoredByDefaultLeavesTheWatchInPlace) {
  {
    const CancelScope scope = NotifyContext(Background(), {SIGTERM, SIGWINCH});
    raise(SIGWINCH);
    EXPECT_EQ(scope.ctx.Wait().Message(), "context canceled: signal: window changed");
    const auto handler = HandlerOf(SIGWINCH);
    const auto first = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - first < 600ms) raise(SIGWINCH);  // the last ones are late ones
    EXPECT_EQ(HandlerOf(SIGWINCH), handler);
  }
  EXPECT_EQ(HandlerOf(SIGWINCH), SIG_DFL);
}

// The kernel keeps default actions from the first process of a container.
TEST(NotifyContextSignals, ALaterOneEndsAlsoTheFirstProcessOfAContainer) {
  if (kSanitized) GTEST_SKIP() << "a fork of a program with threads";
  const pid_t outer = fork();
  if (outer == 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(77);
    const pid_t init = fork();
    if (init == 0) {
      auto [ctx, stop] = NotifyContext(Background(), {SIGINT});
      raise(SIGINT);
      (void)ctx.Wait();
      raise(SIGINT);
      _exit(1);
    }
    int status = 0;
    waitpid(init, &status, 0);
    _exit(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGINT ? 0 : 2);
  }
  int status = 0;
  waitpid(outer, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no namespaces here";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(NotifyContext, WithoutAThreadTheContextIsDoneAndSaysWhy) {
  if (kSanitized) GTEST_SKIP() << "sanitizers look at the sizes of stacks";
  pthread_attr_t before, endless;
  ASSERT_EQ(pthread_getattr_default_np(&before), 0);
  pthread_attr_init(&endless);
  pthread_attr_setstacksize(&endless, std::size_t{1} << 47);  // more than there are addresses
  ASSERT_EQ(pthread_setattr_default_np(&endless), 0);
  {
    const CancelScope scope = NotifyContext(Background(), {SIGUSR1});
    EXPECT_TRUE(scope.ctx.Err().Is(kCanceled));
    EXPECT_TRUE(scope.ctx.Cause().Message().starts_with("NotifyContext: start the thread of the watch: ")) << scope.ctx.Cause().Message();
    EXPECT_EQ(HandlerOf(SIGUSR1), SIG_DFL) << "nobody watches";
  }
  ASSERT_EQ(pthread_setattr_default_np(&before), 0);
  EXPECT_FALSE(NotifyContext(Background(), {SIGUSR1}).ctx.Cause().Message().starts_with("NotifyContext"));
}

TEST(NotifyContextDeathTest, ASecondInterruptKills) {
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
      "NotifyContext: the signal already belongs to another NotifyContext or Signals");
}

TEST(NotifyContextDeathTest, AbortsOnASignalThatCannotBeCaught) {
  WEFT_EXPECT_DEATH((void)NotifyContext(Background(), {SIGKILL}), "NotifyContext: this signal cannot be caught");
  WEFT_EXPECT_DEATH((void)NotifyContext(Background(), {0}), "NotifyContext: there is no signal of this number");
}

}  // namespace
}  // namespace weft
