// SPDX-License-Identifier: Apache-2.0
//
// The mains that the documents show, as they stand there, with their fixed ports: each in a network of its own. A signal ends them with 0.
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <string>

#include "kit.h"
#include "process.h"

namespace weft {
namespace {

constexpr int kNoNetwork = 77;

// In a child that has one thread so far.
bool MoveToANetworkOfItsOwn() {
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_flags = IFF_UP;
  const bool up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  close(fd);
  return up;
}

// The exit code of the program after a signal, once it has answered.
int RunUntilASignal(const std::string& program, const std::string& expected, int signal) {
  Process process(program, {});
  while (Fetch("http://127.0.0.1:8080", "/hello/anna").body != expected) {
    siginfo_t ended{};
    if (waitid(P_PID, static_cast<id_t>(process.Id()), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != 0) return 1;
  }
  process.Signal(signal);
  return process.Wait();
}

class DocumentedMain : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(DocumentedMain, EndsWithZeroOnASignal) {
  const auto [name, answer] = GetParam();
  const std::string program = std::string(WEFT_API_PROGRAMS_DIR) + "/" + name;
  if (access(program.c_str(), X_OK) != 0) GTEST_SKIP() << "built without WEFT_BUILD_CHECKS";
  for (const int signal : {SIGTERM, SIGINT}) {
    const pid_t child = fork();
    if (child == 0) {
      if (!MoveToANetworkOfItsOwn()) _exit(kNoNetwork);
      _exit(RunUntilASignal(program, answer, signal));
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status)) << status;
    if (WEXITSTATUS(status) == kNoNetwork) GTEST_SKIP() << "no namespaces here";
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Mains, DocumentedMain,
                         ::testing::Values(std::pair{"readme_main", "Hello, anna!\n"}, std::pair{"hello_main", "Hello, anna!"}),
                         [](const auto& row) { return std::string(row.param.first); });

}  // namespace
}  // namespace weft
