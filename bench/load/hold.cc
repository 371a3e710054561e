// SPDX-License-Identifier: Apache-2.0
#include "load/hold.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "common/address.h"
#include "load/connect.h"
#include "load/http2.h"
#include "load/process_probe.h"
#include "load/response_reader.h"
#include "load/tls.h"

namespace weft::bench {
namespace {

constexpr std::size_t kParkedPerPause = 128;

// One that is held, with or without TLS.
struct Held {
  int fd;
  ssl_st* tls;

  bool Send(const std::string& bytes) const {
    const ssize_t sent = tls != nullptr ? SendTls(tls, bytes.data(), bytes.size()) : send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(bytes.size());
  }
  // Empty: an end, an error, or five seconds without a byte.
  std::string_view Receive() const {
    static char input[16 * 1024];
    const ssize_t got = tls != nullptr ? ReceiveTls(tls, input, sizeof input) : recv(fd, input, sizeof input, 0);
    return {input, got > 0 ? static_cast<std::size_t>(got) : 0};
  }
};

// Sends one request; in idle mode takes the answer too. False when that failed.
bool Exchange(const Held& held, const std::string& request, bool take_answer, HeadCache& cache) {
  if (!held.Send(request)) return false;
  if (!take_answer) return true;
  ResponseReader reader(cache);
  for (;;) {
    const std::string_view got = held.Receive();
    if (got.empty()) return false;
    const auto tally = reader.Consume(got);
    if (tally.broken || tally.failed > 0) return false;
    if (tally.complete > 0) return true;
  }
}

// All of them, over HTTP/2: in idle mode one after another, else all at once.
bool ExchangeHttp2(const Options& options, const Held& held, bool take_answer) {
  Http2Client client(options);
  if (!held.Send(client.Hello())) return false;
  std::string requests;
  for (int i = 1; i <= options.exchanges; ++i) {
    requests += client.Request();
    if (!take_answer) continue;
    if (!held.Send(std::exchange(requests, {}))) return false;
    while (client.Complete() < i) {
      const std::string_view got = held.Receive();
      if (got.empty() || !client.Receive(got)) return false;
    }
    if (const std::string owed = client.Owed(); !owed.empty() && !held.Send(owed)) return false;
  }
  if (take_answer) return true;
  const std::string_view settings = held.Receive();
  return held.Send(requests) && !settings.empty();
}

bool ExchangeAll(const Options& options, const Held& held, const std::string& request, bool take_answer, HeadCache& cache) {
  const timeval patience{5, 0};
  setsockopt(held.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (options.http2) return ExchangeHttp2(options, held, take_answer);
  for (int i = 0; i < (take_answer ? options.exchanges : 1); ++i) {
    if (!Exchange(held, request, take_answer, cache)) return false;
  }
  return true;
}

// Of HTTP/2, which says something by itself, only those with an end.
int CountReadable(const Options& options, const std::vector<int>& sockets) {
  int readable = 0;
  for (const int fd : sockets) {
    char byte = 0;
    pollfd end{fd, POLLRDHUP, 0};
    if (options.http2 ? poll(&end, 1, 0) > 0 : recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) ++readable;
  }
  return readable;
}

// Both print a count of sockets on which bytes or an end are waiting: in idle mode, connections that the server closed.
int PrintStep(const Options& options, const std::vector<int>& sockets) {
  WaitUntilQuiet(options.processes);
  const int readable = CountReadable(options, sockets);
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
      const Held held{sockets.back(), options.tls ? StartTls(sockets.back(), options.http2) : nullptr};  // which stays
      if (!ExchangeAll(options, held, request, idle, cache)) ++failures;
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
