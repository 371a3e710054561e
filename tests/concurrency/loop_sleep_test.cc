// SPDX-License-Identifier: Apache-2.0
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <weft/concurrency/loop.h>

#include "kit.h"

// Sleeps of a loop where the system forbids the call for them.
namespace weft {
namespace {

using namespace weft::testing;

// For this process and for good.
void Forbid(unsigned system_call, unsigned with_error) {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | with_error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{4, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::perror("seccomp");
    std::exit(1);
  }
}

struct Reads : FdWatch {
  void OnFdEvents(std::uint32_t) override { signal.Notify(); }
  LoopSignal signal;
};

double CpuSeconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void SleepsAndHears(const Context& ctx) {
  const double before = CpuSeconds();
  (void)Sleep(ctx, 300ms);
  if (CpuSeconds() - before > 0.15) std::fprintf(stderr, "it does not sleep\n");

  const int fd = eventfd(1, EFD_CLOEXEC);
  Reads watch;
  (void)Loop::Current()->Add(watch, fd, EPOLLIN);
  const auto outcome = watch.signal.Wait(ctx, "eventfd", Now() + 10s);
  Loop::Current()->Remove(watch, fd);
  close(fd);
  std::fprintf(stderr, outcome == LoopSignal::Outcome::kNotified ? "it hears\n" : "it is deaf\n");
}

[[noreturn]] void Confined(unsigned with_error) {
  Forbid(SYS_epoll_pwait2, with_error);
  RunOptions options;
  options.loops = 1;
  (void)Run(Background(), options, [](const Context& ctx) { SleepsAndHears(ctx); });
  std::exit(0);
}

// Whatever the filter answers.
class LoopSleep : public ::testing::TestWithParam<unsigned> {};

TEST_P(LoopSleep, IsCoarserWhereFineSleepsAreForbiddenAndHearsDescriptors) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(Confined(GetParam()), ::testing::ExitedWithCode(0), "^it hears\n$");
}

INSTANTIATE_TEST_SUITE_P(Errors, LoopSleep, ::testing::Values(ENOSYS, EPERM, EACCES));

}  // namespace
}  // namespace weft
