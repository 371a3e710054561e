// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/crash_report.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>

#include <weft/concurrency/loop.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

struct End {
  int code = 0;  // or minus the signal that killed it
  std::string errors;
};

// Each crash is a process of its own.
End InChild(const std::function<void()>& body) {
  int pipes[2];
  if (pipe(pipes) != 0) std::abort();
  const pid_t child = fork();
  if (child == 0) {
    dup2(pipes[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  close(pipes[1]);
  End end;
  char piece[4096];
  for (ssize_t n; (n = read(pipes[0], piece, sizeof(piece))) > 0;) end.errors.append(piece, static_cast<std::size_t>(n));
  close(pipes[0]);
  int status = 0;
  waitpid(child, &status, 0);
  end.code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
  return end;
}

void InFiber(std::string_view name, const std::function<void()>& body) {
  RunOptions options;
  options.loops = 1;
  options.name = name;
  static_cast<void>(weft::Run(Background(), options, [&](const Context&) { body(); }));
}

void WriteToNowhere() {
  int* volatile nowhere = reinterpret_cast<int*>(0x10);
  *nowhere = 1;
}

__attribute__((noinline)) int Deeper(int level) {
  volatile char room[512];
  room[0] = static_cast<char>(level);
  return level == 0 ? 0 : Deeper(level + 1) + room[0];
}

void Throw() { throw std::runtime_error("nobody"); }

bool Matches(const std::string& text, const char* pattern) { return std::regex_search(text, std::regex(pattern)); }

class CrashReport : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "sanitizers have handlers of their own";
  }
};

TEST_F(CrashReport, NamesTheFiberThatCrashed) {
  const End end = InChild([] {
    InstallCrashReport();
    InFiber("app", [] {
      SetFiberName("GET /notes/{id}");
      WriteToNowhere();
    });
  });

  EXPECT_EQ(end.code, -SIGSEGV);
  EXPECT_TRUE(Matches(end.errors, R"(^weft: SIGSEGV at address 0x10 in fiber "GET /notes/\{id\}" \(#[0-9]+\) on loop 0 of "app"\n)"))
      << end.errors;
  EXPECT_TRUE(Matches(end.errors, R"(\n  concurrency_tests\+0x[0-9a-f]+\n  concurrency_tests\+0x[0-9a-f]+\n)")) << end.errors;
}

TEST_F(CrashReport, NamesAThreadThatIsNoLoop) {
  const End end = InChild([] {
    InstallCrashReport();
    std::thread([] {
      pthread_setname_np(pthread_self(), "importer");
      WriteToNowhere();
    }).join();
  });

  EXPECT_EQ(end.code, -SIGSEGV);
  EXPECT_TRUE(Matches(end.errors, R"(^weft: SIGSEGV at address 0x10 in thread "importer" \([0-9]+\)\n)")) << end.errors;
}

TEST_F(CrashReport, ReportsAbortsAndUncaughtExceptions) {
  const End aborts = InChild([] {
    InstallCrashReport();
    InFiber("aborts", [] { std::abort(); });
  });
  EXPECT_EQ(aborts.code, -SIGABRT);
  EXPECT_TRUE(Matches(aborts.errors, R"(^weft: SIGABRT in fiber "aborts")")) << aborts.errors;

  const End throws = InChild([] {
    InstallCrashReport();
    InFiber("throws", []() noexcept { Throw(); });
  });
  EXPECT_EQ(throws.code, -SIGABRT);
  EXPECT_TRUE(Matches(throws.errors, R"(weft: SIGABRT in fiber "throws")")) << throws.errors;
}

TEST_F(CrashReport, WorksWithTheReportOfAStackOverflow) {
  for (const bool first : {true, false}) {
    const End end = InChild([first] {
      if (first) InstallCrashReport();
      InFiber("deep", [first] {
        if (!first) InstallCrashReport();
        static_cast<void>(Deeper(1));
      });
    });
    EXPECT_EQ(end.code, -SIGSEGV);
    EXPECT_TRUE(Matches(end.errors, R"(weft: stack overflow in fiber "deep")")) << end.errors;
    EXPECT_TRUE(Matches(end.errors, R"(weft: SIGSEGV at address 0x[0-9a-f]+ in fiber "deep")")) << end.errors;
  }
}

TEST_F(CrashReport, CallsTheHandlerInstalledBefore) {
  const End end = InChild([] {
    struct sigaction before{};
    before.sa_handler = [](int) { _exit(42); };
    sigaction(SIGFPE, &before, nullptr);
    sigaction(SIGSEGV, &before, nullptr);
    InstallCrashReport();
    InFiber("handed on", [] { WriteToNowhere(); });
  });

  EXPECT_EQ(end.code, 42);
  EXPECT_TRUE(Matches(end.errors, R"(^weft: SIGSEGV at address 0x10 in fiber "handed on")")) << end.errors;
}

TEST_F(CrashReport, NamesTheSenderOfASignal) {
  const End end = InChild([] {
    InstallCrashReport();
    InstallCrashReport();  // nothing more
    const pid_t me = getpid();
    if (const pid_t other = fork(); other == 0) {
      kill(me, SIGBUS);
      _exit(0);
    }
    for (;;) pause();
  });

  EXPECT_EQ(end.code, -SIGBUS);
  EXPECT_TRUE(Matches(end.errors, R"(^weft: SIGBUS sent by process [0-9]+ in thread)")) << end.errors;
}

TEST_F(CrashReport, LeavesSignalsThatAreIgnoredIgnored) {
  const End end = InChild([] {
    signal(SIGBUS, SIG_IGN);
    InstallCrashReport();
    raise(SIGBUS);
    _exit(7);
  });

  EXPECT_EQ(end.code, 7);
}

}  // namespace
}  // namespace weft
