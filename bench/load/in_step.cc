// SPDX-License-Identifier: Apache-2.0
#include "load/in_step.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/address.h"
#include "load/connect.h"
#include "load/response_reader.h"

namespace weft::bench {
namespace {

// S, R, T: the letter after the name of a thread, which stands in brackets and may hold anything.
char StateOf(const std::filesystem::path& thread) {
  std::FILE* const file = std::fopen((thread / "stat").c_str(), "re");
  if (file == nullptr) return 'X';
  std::array<char, 512> text{};
  const std::string_view line(text.data(), std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  const std::size_t name_end = line.rfind(')');
  return name_end + 2 < line.size() ? line[name_end + 2] : 'X';
}

void WaitUntilAll(const std::vector<pid_t>& processes, char state) {
  for (const pid_t process : processes) {
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
      while (StateOf(thread.path()) != state) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }
}

void SignalAll(const std::vector<pid_t>& processes, int signal) {
  for (const pid_t process : processes) {
    if (kill(process, signal) != 0) Die("signal to process " + std::to_string(process));
  }
}

struct Connection {
  int fd;
  ResponseReader reader;
};

void TakeAnswers(Connection& connection, int wanted) {
  std::array<char, 16 * 1024> input;
  while (wanted > 0) {
    const ssize_t got = recv(connection.fd, input.data(), input.size(), 0);
    if (got <= 0) Die("an answer");
    const auto tally = connection.reader.Consume({input.data(), static_cast<std::size_t>(got)});
    if (tally.broken || tally.failed > 0) Die("an answer that is not 200");
    wanted -= tally.complete;
  }
}

}  // namespace

int RunInStep(const Options& options) {
  std::string batch;
  for (int i = 0; i < options.pipeline; ++i) batch += BuildRequest(options);
  HeadCache cache;
  std::vector<Connection> connections;
  for (int i = 0; i < options.connections; ++i) connections.push_back({Connect(options), ResponseReader(cache)});
  for (std::uint64_t round = 0; round < options.requests; ++round) {
    WaitUntilAll(options.processes, 'S');
    SignalAll(options.processes, SIGSTOP);
    WaitUntilAll(options.processes, 'T');
    for (const Connection& connection : connections) {
      if (send(connection.fd, batch.data(), batch.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(batch.size())) Die("a request");
    }
    SignalAll(options.processes, SIGCONT);
    for (Connection& connection : connections) TakeAnswers(connection, options.pipeline);
  }
  std::printf("requests=%llu\n", static_cast<unsigned long long>(options.requests) * static_cast<unsigned long long>(options.connections) *
                                     static_cast<unsigned long long>(options.pipeline));
  return 0;
}

}  // namespace weft::bench
