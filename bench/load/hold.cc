// SPDX-License-Identifier: Apache-2.0
#include "load/hold.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "common/address.h"
#include "load/connect.h"
#include "load/process_probe.h"
#include "load/response_reader.h"
#include "load/tls.h"

namespace weft::bench {
namespace {

constexpr std::size_t kParkedPerPause = 128;

// Sends one request; in idle mode takes the answer too. False when that failed.
bool Exchange(int fd, ssl_st* tls, const std::string& request, bool take_answer, HeadCache& cache) {
  const ssize_t sent = tls != nullptr ? SendTls(tls, request.data(), request.size()) : send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return false;
  if (!take_answer) return true;
  const timeval patience{5, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ResponseReader reader(cache);
  char input[16 * 1024];
  for (;;) {
    const ssize_t got = tls != nullptr ? ReceiveTls(tls, input, sizeof input) : recv(fd, input, sizeof input, 0);
    if (got <= 0) return false;
    const auto tally = reader.Consume({input, static_cast<std::size_t>(got)});
    if (tally.broken || tally.failed > 0) return false;
    if (tally.complete > 0) return true;
  }
}

int CountReadable(const std::vector<int>& sockets) {
  int readable = 0;
  for (const int fd : sockets) {
    char byte = 0;
    if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) ++readable;
  }
  return readable;
}

// Both print a count of sockets on which bytes or an end are waiting: in idle mode, connections that the server closed.
int PrintStep(const Options& options, const std::vector<int>& sockets) {
  WaitUntilQuiet(options.processes);
  const int readable = CountReadable(sockets);
  std::printf("step=%zu resident=%llu early=%d\n", sockets.size(),
              static_cast<unsigned long long>(ResidentBytes(options.processes)), readable);
  std::fflush(stdout);
  return readable;
}

void WaitForEndOfInput() {
  char input[256];
  while (read(STDIN_FILENO, input, sizeof input) > 0) {
  }
}

}  // namespace

int RunHold(const Options& options) {
  const bool idle = options.mode == Mode::kIdle;
  const std::string request = BuildRequest(options);
  HeadCache cache;
  std::vector<int> sockets;
  int failures = 0;
  close(Connect(options));
  PrintStep(options, sockets);
  for (const int step : options.steps) {
    while (sockets.size() < static_cast<std::size_t>(step)) {
      sockets.push_back(Connect(options));
      ssl_st* const tls = options.tls ? StartTls(sockets.back()) : nullptr;  // which stays
      if (!Exchange(sockets.back(), tls, request, idle, cache)) ++failures;
      // Nothing comes back that would hold a fast client to the server's pace, and a full accept queue costs a second.
      if (!idle && sockets.size() % kParkedPerPause == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    failures += PrintStep(options, sockets);
  }
  std::printf("ready\n");
  std::fflush(stdout);
  if (options.wait) WaitForEndOfInput();
  if (failures > 0) std::fprintf(stderr, "load: %d requests were not %s\n", failures, idle ? "answered well" : "parked");
  return failures > 0 ? 1 : 0;
}

}  // namespace weft::bench
