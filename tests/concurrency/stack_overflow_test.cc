// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/stack_overflow.h>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

// The handler that tells of overflows must not be noticed by anybody else: a fault that was sent has the effect that it would have had
// without it. Each case is a process of its own.
using Sender = void (*)(int signal);

void Kill(int signal) { kill(getpid(), signal); }
void Raise(int signal) { raise(signal); }
void ToThread(int signal) { syscall(SYS_tgkill, getpid(), gettid(), signal); }
void Queue(int signal) { sigqueue(getpid(), signal, sigval{.sival_int = 7}); }

const std::vector<Sender> kSenders = {Kill, Raise, ToThread, Queue};
const std::vector<int> kFaults = {SIGSEGV, SIGBUS};

// The exit code of the child, or minus the signal that killed it.
int InChild(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void RunNothing() { (void)weft::Run(Background(), {.loops = 1}, [](const Context&) {}); }

class SentFault : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "sanitizers have handlers of their own";
  }
};

TEST_F(SentFault, EndsTheProcessByDefault) {
  for (const int fault : kFaults) {
    for (const Sender send : kSenders) {
      EXPECT_EQ(InChild([&] { RunNothing(), send(fault); }), -fault) << "when Run has returned";
      const auto in_run = [&] { (void)weft::Run(Background(), {.loops = 1}, [&](const Context&) { send(fault); }); };
      EXPECT_EQ(InChild(in_run), -fault) << "while it runs";
    }
  }
}

TEST_F(SentFault, IsIgnoredAgainAndAgainWhereItWasIgnored) {
  for (const int fault : kFaults) {
    const auto ignoring = [&] {
      signal(fault, SIG_IGN);
      RunNothing();
      for (int i = 0; i < 3; ++i) {
        for (const Sender send : kSenders) send(fault);
      }
      _exit(42);
    };
    EXPECT_EQ(InChild(ignoring), 42);
  }
}

int g_calls = 0;
int g_value = 0;
bool g_other_blocked = false;

void Count(int) { ++g_calls; }

void CountWithInfo(int, siginfo_t* info, void*) {
  ++g_calls;
  g_value = info->si_value.sival_int;
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, nullptr, &now);
  g_other_blocked = sigismember(&now, SIGUSR1) == 1;
}

TEST_F(SentFault, GoesToTheHandlerThatWasThereEachTime) {
  for (const int fault : kFaults) {
    const auto handling = [&] {
      signal(fault, Count);
      RunNothing();
      for (const Sender send : kSenders) send(fault);
      _exit(g_calls);
    };
    EXPECT_EQ(InChild(handling), 4);
  }
}

TEST_F(SentFault, GoesToItWithWhatItHasAskedFor) {
  const auto handling = [] {
    struct sigaction action{};
    action.sa_sigaction = CountWithInfo;
    action.sa_flags = SA_SIGINFO;
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGSEGV, &action, nullptr);
    RunNothing();
    Queue(SIGSEGV);
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    _exit(g_calls == 1 && g_value == 7 && g_other_blocked && sigismember(&now, SIGUSR1) == 0 ? 42 : 1);
  };
  EXPECT_EQ(InChild(handling), 42);
}

TEST_F(SentFault, CallsAOneTimeHandlerOnce) {
  const auto handling = [] {
    struct sigaction action{};
    action.sa_handler = Count;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGSEGV, &action, nullptr);
    RunNothing();
    raise(SIGSEGV);
    if (g_calls != 1) _exit(1);
    raise(SIGSEGV);
  };
  EXPECT_EQ(InChild(handling), -SIGSEGV);
}

// A fault of the program's own, for comparison: a handler for one time that returns does not loop.
TEST_F(SentFault, ARealOneStillEndsTheProcess) {
  const auto fault = [](bool with_handler) {
    if (with_handler) {
      struct sigaction action{};
      action.sa_handler = Count;
      action.sa_flags = static_cast<int>(SA_RESETHAND);
      sigaction(SIGSEGV, &action, nullptr);
    }
    (void)weft::Run(Background(), {.loops = 1}, [](const Context&) {
      volatile int* volatile nowhere = nullptr;
      *nowhere = 1;
    });
  };
  EXPECT_EQ(InChild([&] { fault(false); }), -SIGSEGV);
  EXPECT_EQ(InChild([&] { fault(true); }), -SIGSEGV);
}

}  // namespace
}  // namespace weft
