// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_E2E_PROCESS_H_
#define WEFT_TESTS_E2E_PROCESS_H_

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern char** environ;

namespace weft {

// A program that runs during the test, with its output in two pipes. It is killed if the test forgets it.
class Process {
 public:
  // `output`: a descriptor of the test for all output, in place of the pipes.
  Process(const std::string& program, const std::vector<std::string>& arguments, int output = -1) {
    int out[2];
    int err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output < 0 ? out[1] : output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output < 0 ? err[1] : output, STDERR_FILENO);
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    // Whatever the test's own parent ignores, as nohup does.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t usual;
    sigemptyset(&usual);
    for (const int signal : {SIGHUP, SIGINT, SIGTERM}) sigaddset(&usual, signal);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    if (posix_spawn(&pid_, program.c_str(), &actions, &attributes, argv.data(), environ) != 0) std::abort();
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  ~Process() {
    if (pid_ > 0) {
      Signal(SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(out_);
    close(err_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The next line of the standard output, without its end; empty at the end of the output.
  std::string Line() const { return ReadLine(out_); }
  // The next line of the standard error that has this in it; empty if there is none up to its end.
  std::string ErrorLineWith(std::string_view part) const {
    for (bool at_end = false; !at_end;) {
      const std::string line = ReadLine(err_, &at_end);
      if (line.find(part) != std::string::npos) return line;
    }
    return {};
  }
  void Signal(int signal) const { kill(pid_, signal); }
  pid_t Id() const { return pid_; }
  // Waits for the end: the exit code, or minus the signal that killed it.
  int Wait() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  // What is left of the standard output, up to its end.
  std::string Rest() const { return ReadAll(out_); }
  // What is left of the standard error, after the end.
  std::string Errors() const { return ReadAll(err_); }

 private:
  static std::string ReadLine(int fd, bool* at_end = nullptr) {
    std::string line;
    for (char c = 0; read(fd, &c, 1) == 1; line += c) {
      if (c == '\n') return line;
    }
    if (at_end != nullptr) *at_end = true;
    return line;
  }
  static std::string ReadAll(int fd) {
    std::string text;
    char piece[4096];
    for (ssize_t n = 0; (n = read(fd, piece, sizeof(piece))) > 0;) text.append(piece, static_cast<std::size_t>(n));
    return text;
  }

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
};

}  // namespace weft

#endif  // WEFT_TESTS_E2E_PROCESS_H_
