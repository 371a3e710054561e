// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/base/thread_signals.h>

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

extern char** environ;

namespace weft {
namespace {

using namespace weft::testing;

// Calls f on each kind of thread that weft drives.
void OnEachKindOfThread(const std::function<void(const char* where)>& f) {
  OnLoops(2, [&](const Context& ctx) {
    f("in a fiber");
    Group group(ctx, {.spread = true});
    for (int i = 0; i < 2; ++i) group.Go([&](const Context&) { f("in a fiber of another loop"); });
    EXPECT_FALSE(group.Wait());
    EXPECT_FALSE(Offload(ctx, [&] { f("in Offload"); }));
    EXPECT_FALSE(Offload(ctx, [&] { OnLoops(1, [&](const Context&) { f("in loops of a function of Offload"); }); }));
    EXPECT_FALSE(Offload(ctx, [&] { f("in Offload, after that"); }));
  });
  Group group(Background());
  group.Go([&](const Context&) { f("in a member on a thread"); });
  EXPECT_FALSE(group.Wait());
  const CancelScope scope = WithCancel(Background());
  Event ran;
  const StopFunc stop = AfterFunc(scope.ctx, [&] {
    f("in AfterFunc on a thread");
    ran.Set();
  });
  scope.cancel();
  EXPECT_FALSE(ran.Wait(Background()));
}

struct BrokenPipe {
  BrokenPipe() {
    if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
    close(ends[0]);
  }
  ~BrokenPipe() { close(ends[1]); }
  int ends[2];
};

struct BrokenSocket {
  BrokenSocket() {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    close(ends[0]);
  }
  ~BrokenSocket() { close(ends[1]); }
  int ends[2];
};

TEST(PipeSignal, DoesNotKillAThreadThatWeftDrives) {
  OnEachKindOfThread([](const char* where) {
    BrokenPipe broken;
    errno = 0;
    EXPECT_EQ(write(broken.ends[1], "x", 1), -1) << where;
    EXPECT_EQ(errno, EPIPE) << where;
    BrokenSocket peer;
    errno = 0;
    EXPECT_EQ(write(peer.ends[1], "x", 1), -1) << where;
    EXPECT_EQ(errno, EPIPE) << where;
    const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    errno = 0;
    EXPECT_EQ(sendfile(peer.ends[1], file, nullptr, 100'000), -1) << where;
    EXPECT_EQ(errno, EPIPE) << where;
    close(file);
  });
}

// A write that has got rid of some bytes when the reader leaves returns their number, and raises the signal all the same.
TEST(PipeSignal, DoesNotKillWhoHasWrittenAPart) {
  OnLoops(1, [](const Context&) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    std::thread reader([&] {
      char byte = 0;
      EXPECT_EQ(read(ends[0], &byte, 1), 1);
      // The writer sleeps in the middle of its write, because the pipe is full.
      close(ends[0]);
    });
    const std::string much(4 << 20, 'x');
    const ssize_t written = write(ends[1], much.data(), much.size());
    EXPECT_TRUE(written > 0 || errno == EPIPE);
    EXPECT_LT(written, static_cast<ssize_t>(much.size()));
    reader.join();
    close(ends[1]);
  });
}

// What the program reads of itself in /proc/self/status.
std::string StatusOfChild() {
  int ends[2];
  EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  char name[] = "cat", path[] = "/proc/self/status";
  char* arguments[] = {name, path, nullptr};
  pid_t child = 0;
  EXPECT_EQ(posix_spawnp(&child, name, &actions, nullptr, arguments, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string text;
  char piece[4096];
  for (ssize_t n = 0; (n = read(ends[0], piece, sizeof(piece))) > 0;) text.append(piece, static_cast<std::size_t>(n));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return text;
}

bool HasSignal(const std::string& status, const std::string& set, int signal) {
  const std::size_t at = status.find(set + ":\t");
  if (at == std::string::npos) return true;
  const unsigned long long mask = std::stoull(status.substr(at + set.size() + 2, 16), nullptr, 16);
  return (mask >> (signal - 1) & 1) != 0;
}

// Its writers end by it when their reader has gone.
TEST(PipeSignal, IsAsUsualInProgramsThatAreStarted) {
  OnEachKindOfThread([](const char* where) {
    const std::string status = StatusOfChild();
    EXPECT_FALSE(HasSignal(status, "SigBlk", SIGPIPE)) << where;
    EXPECT_FALSE(HasSignal(status, "SigIgn", SIGPIPE)) << where;
  });
}

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

class PipeSignalInChild : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a fork of a program with threads, and handlers that come later";
  }
};

void InFiber(const std::function<void()>& f) {
  OnLoops(1, [&](const Context&) { f(); });
}

TEST_F(PipeSignalInChild, KillsByDefaultWhenSomebodyHasSentIt) {
  EXPECT_EQ(InChild([] { InFiber([] { kill(getpid(), SIGPIPE); }); }), -SIGPIPE);
  EXPECT_EQ(InChild([] { InFiber([] { raise(SIGPIPE); }); }), -SIGPIPE);
  EXPECT_EQ(InChild([] { InFiber([] { sigqueue(getpid(), SIGPIPE, sigval{}); }); }), -SIGPIPE);
  EXPECT_EQ(InChild([] {
              InFiber([] {
                const pid_t parent = getpid();
                if (fork() == 0) {
                  kill(parent, SIGPIPE);
                  _exit(0);
                }
                for (;;) pause();
              });
            }),
            -SIGPIPE);
}

TEST_F(PipeSignalInChild, KillsByDefaultOnOtherThreadsMeanwhile) {
  EXPECT_EQ(InChild([] {
              InFiber([] {
                std::thread([] {
                  BrokenPipe broken;
                  (void)!write(broken.ends[1], "x", 1);
                }).join();
              });
            }),
            -SIGPIPE);
}

TEST_F(PipeSignalInChild, KillsByDefaultAgainWhenRunHasReturned) {
  EXPECT_EQ(InChild([] {
              InFiber([] {});
              BrokenPipe broken;
              (void)!write(broken.ends[1], "x", 1);
            }),
            -SIGPIPE);
}

std::atomic<int> g_calls{0};
void Count(int) { ++g_calls; }
void CountOther(int) { g_calls += 100; }

void (*Handler())(int) {
  struct sigaction now{};
  sigaction(SIGPIPE, nullptr, &now);
  return now.sa_handler;
}

TEST_F(PipeSignalInChild, GoesToTheHandlerThatWasThereIfItIsNotOurs) {
  EXPECT_EQ(InChild([] {
              signal(SIGPIPE, Count);
              InFiber([] {
                BrokenPipe broken;
                (void)!write(broken.ends[1], "x", 1);
                if (g_calls != 0) _exit(50);
                raise(SIGPIPE);
                std::thread([&] { (void)!write(broken.ends[1], "x", 1); }).join();
                raise(SIGPIPE);
              });
              _exit(Handler() == Count ? g_calls.load() : 51);
            }),
            3);
}

TEST_F(PipeSignalInChild, StaysIgnoredWhereItIs) {
  EXPECT_EQ(InChild([] {
              signal(SIGPIPE, SIG_IGN);
              InFiber([] {
                if (Handler() != SIG_IGN) _exit(50);
                for (int i = 0; i < 2; ++i) raise(SIGPIPE);
              });
              _exit(Handler() == SIG_IGN ? 42 : 51);
            }),
            42);
}

// Whoever sets another disposition meanwhile keeps it.
TEST_F(PipeSignalInChild, IsNotTakenFromWhoHasSetItMeanwhile) {
  EXPECT_EQ(InChild([] {
              void (*ours)(int) = nullptr;
              InFiber([&] { ours = signal(SIGPIPE, CountOther); });
              if (Handler() != CountOther) _exit(50);
              // Some libraries put back what they have found; then it must not take itself for what was there before.
              signal(SIGPIPE, ours);
              raise(SIGPIPE);
            }),
            -SIGPIPE);
}

TEST(PipeSignal, DispositionComesBackAfterTheLastOfSeveral) {
  const auto before = Handler();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int k = 0; k < Rounds(100); ++k) {
        OnLoops(1, [](const Context& ctx) {
          BrokenPipe broken;
          EXPECT_EQ(write(broken.ends[1], "x", 1), -1);
          EXPECT_FALSE(Offload(ctx, [&] { EXPECT_EQ(write(broken.ends[1], "x", 1), -1); }));
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Handler(), before);
}

}  // namespace
}  // namespace weft
