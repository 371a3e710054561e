// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/child_process.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <system_error>

namespace weft::postgres::internal {
namespace {

Error SystemError(const char* what) { return Error(std::error_code(errno, std::generic_category())).Wrap(what); }

constexpr int kControl = 3, kStatus = 4;
constexpr int kPatienceMs = 10'000;  // with a program that does not heed SIGQUIT

// From here to exec nothing may allocate or lock: other threads did not survive the fork.
[[noreturn]] void BecomeProgram(char* const* argv, int log, uid_t user, gid_t group) {
  dup2(log, 1);
  dup2(log, 2);
  syscall(SYS_close_range, 3, UINT_MAX, 0);
  // glibc's own functions wait for every thread that the copied list of threads names.
  if (user != 0 && (syscall(SYS_setgroups, 0, nullptr) != 0 || syscall(SYS_setgid, group) != 0 || syscall(SYS_setuid, user) != 0)) _exit(126);
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGCHLD, SIGHUP}) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execv(argv[0], argv);
  _exit(127);
}

// Reports the program's id, and how it has ended; ends it when the other side of kControl is gone. If its reports have no reader
// any more, becomes `then`.
[[noreturn]] void Keep(char* const* argv, char* const* then, pid_t parent, int log, int control, int status, uid_t user, gid_t group) {
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGPIPE}) signal(number, SIG_IGN);  // Ctrl-C is for our parent, which may be gone
  signal(SIGCHLD, SIG_DFL);
  const int from = fcntl(control, F_DUPFD, 10), to = fcntl(status, F_DUPFD, 10), output = fcntl(log, F_DUPFD, 10);
  // The reader of our parent's output must not wait for this process.
  const int null = fcntl(open("/dev/null", O_RDWR), F_DUPFD, 10);
  for (const int standard : {0, 1, 2}) dup2(null, standard);
  const pid_t pid = _Fork();
  if (pid == 0) BecomeProgram(argv, output, user, group);
  dup2(from, kControl);
  dup2(to, kStatus);
  syscall(SYS_close_range, kStatus + 1, UINT_MAX, 0);
  [[maybe_unused]] ssize_t ignored = write(kStatus, &pid, sizeof pid);
  const int program = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  int result = 0;
  for (bool told = false; pid > 0;) {
    pollfd both[] = {{told ? -1 : kControl, POLLIN, 0}, {program, POLLIN, 0}};
    const int events = poll(both, 2, told ? kPatienceMs : program >= 0 ? -1 : 20);
    if (waitpid(pid, &result, WNOHANG) == pid) break;
    if (told && events == 0) kill(pid, SIGKILL);
    if (!told && both[0].revents != 0) {
      told = true;
      kill(pid, SIGQUIT);
      kill(pid, SIGCONT);  // it may be stopped
    }
  }
  if (write(kStatus, &result, sizeof result) < 0 && then[0] != nullptr) {
    // What dies closes its descriptors first.
    for (int waited = 0; getppid() == parent && waited < kPatienceMs; waited += 10) poll(nullptr, 0, 10);
    if (getppid() != parent) execv(then[0], then);
  }
  _exit(0);
}

std::vector<char*> Words(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return argv;
}

}  // namespace

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(const std::vector<std::string>& command, const std::string& log, uid_t user, gid_t group,
                                                          const std::string& folder) {
  std::vector<std::string> remove;
  if (!folder.empty()) remove = {"/bin/rm", "-rf", "--", folder};
  const std::vector<char*> argv = Words(command), then = Words(remove);
  std::array<int, 2> control{}, status{};
  if (pipe2(control.data(), O_CLOEXEC) != 0) return SystemError("pipe");
  if (pipe2(status.data(), O_CLOEXEC) != 0) return SystemError("pipe");
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const pid_t parent = getpid();
  const pid_t keeper = fork();
  if (keeper == 0) {
    close(control[1]);
    close(status[0]);
    Keep(argv.data(), then.data(), parent, output, control[0], status[1], user, group);
  }
  const Error failure = keeper < 0 ? SystemError("fork") : Error();
  close(control[0]);
  close(status[1]);
  if (output >= 0) close(output);
  pid_t pid = -1;
  ssize_t got = 0;
  do {
    got = failure ? 0 : read(status[0], &pid, sizeof pid);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof pid && pid > 0) {
    return std::unique_ptr<ChildProcess>(new ChildProcess(keeper, pid, control[1], status[0]));
  }
  close(control[1]);
  close(status[0]);
  if (keeper > 0) waitpid(keeper, nullptr, 0);
  return failure ? failure : Error::New("fork failed");
}

ChildProcess::~ChildProcess() {
  Signal(SIGCONT);
  close(control_);
  (void)Wait();
  close(status_);
}

int ChildProcess::Wait() {
  if (waited_) return result_;
  waited_ = true;
  ssize_t got = 0;
  do {
    got = read(status_, &result_, sizeof result_);
  } while (got < 0 && errno == EINTR);
  waitpid(keeper_, nullptr, 0);
  return result_;
}

void ChildProcess::Signal(int number) const {
  if (waited_) return;
  const std::string id = std::to_string(pid_);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> all = {pid_};
  for (pid_t child = 0; children >> child;) all.push_back(child);
  for (const pid_t one : all) kill(one, number);
}

}  // namespace weft::postgres::internal
