// SPDX-License-Identifier: Apache-2.0
#include "load/handshakes.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "load/connect.h"
#include "load/tls.h"

namespace weft::bench {

int RunHandshakes(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const std::string request = BuildRequest(options);
  const auto every = std::chrono::nanoseconds(1'000'000'000 / options.handshakes);
  const Clock::time_point begin = Clock::now();
  const Clock::time_point end = begin + std::chrono::duration_cast<Clock::duration>(options.seconds);
  int done = 0;
  for (Clock::time_point due = begin; due < end; due += every) {
    std::this_thread::sleep_until(due);
    const int fd = Connect(options);
    ssl_st* const tls = StartTls(fd);
    char response[4096];
    if (SendTls(tls, request.data(), request.size()) > 0 && ReceiveTls(tls, response, sizeof response) > 0) ++done;
    EndTls(tls);
    close(fd);
  }
  std::printf("handshakes=%d seconds=%.3f\n", done, std::chrono::duration<double>(Clock::now() - begin).count());
  return 0;
}

}  // namespace weft::bench
