// SPDX-License-Identifier: Apache-2.0
#include "load/paced.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "common/address.h"
#include "load/connect.h"
#include "load/histogram.h"
#include "load/response_reader.h"
#include "load/tls.h"

namespace weft::bench {

int RunPaced(const Options& options) {
  using Clock = std::chrono::steady_clock;
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // else the kernel may wake it 50 us late
  const std::string request = BuildRequest(options);
  const int fd = Connect(options);
  ssl_st* const tls = options.tls ? StartTls(fd) : nullptr;
  HeadCache cache;
  ResponseReader reader(cache);
  Histogram latency;
  const std::chrono::nanoseconds every(1'000'000'000 / options.paced);
  const Clock::time_point begin = Clock::now();
  const Clock::time_point counts = begin + std::chrono::duration_cast<Clock::duration>(options.warmup);
  const Clock::time_point end = counts + std::chrono::duration_cast<Clock::duration>(options.seconds);
  unsigned long long requests = 0;
  for (Clock::time_point due = begin; due < end; due += every) {
    std::this_thread::sleep_until(due);
    const auto size = static_cast<ssize_t>(request.size());
    const ssize_t sent = tls != nullptr ? SendTls(tls, request.data(), request.size()) : send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != size) Die("send");
    char input[16 * 1024];
    for (ResponseReader::Tally tally; tally.complete == 0;) {
      const ssize_t got = tls != nullptr ? ReceiveTls(tls, input, sizeof input) : recv(fd, input, sizeof input, 0);
      if (got <= 0) Die("receive");
      tally = reader.Consume({input, static_cast<std::size_t>(got)});
      if (tally.broken || tally.failed > 0) Die("a response other than 200");
    }
    if (due < counts) continue;
    ++requests;
    latency.Add(static_cast<std::uint64_t>((Clock::now() - due).count()));
  }
  const auto micros = [](std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; };
  std::printf("requests=%llu p50_us=%.0f p99_us=%.0f max_us=%.0f\n", requests, micros(latency.Quantile(0.5)),
              micros(latency.Quantile(0.99)), micros(latency.Max()));
  return 0;
}

}  // namespace weft::bench
