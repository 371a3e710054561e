// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_COMMON_CLIENT_RUN_H_
#define WEFT_BENCH_COMMON_CLIENT_RUN_H_

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace weft::bench {

// What every client that is compared is told, and what it says: "requests=N cpu_us=N", of the time after a warm-up.
struct ClientRun {
  std::string host = "127.0.0.1";
  int port = 0;
  std::string path = "/1k";
  int connections = 32;
  double seconds = 0.5;
  std::string http2;       // "yes": over TLS, by a client that can do it
  std::uint64_t most = 0;  // so many requests and no time, for callgrind

  ClientRun(int argc, char** argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
      const std::string_view flag = argv[i];
      if (flag == "--port") port = std::atoi(argv[i + 1]);
      else if (flag == "--connections") connections = std::atoi(argv[i + 1]);
      else if (flag == "--seconds") seconds = std::atof(argv[i + 1]);
      else if (flag == "--path") path = argv[i + 1];
      else if (flag == "--http2") http2 = argv[i + 1];
      else if (flag == "--requests") most = std::strtoull(argv[i + 1], nullptr, 10);
    }
  }
  std::string Url() const { return (http2.empty() ? "http://" : "https://") + host + ":" + std::to_string(port) + path; }

  // After each response. False: the time is over.
  bool Count() {
    ++requests;
    if (most != 0) return requests < most;
    if ((requests & 15) != 0) return !over;
    const auto now = std::chrono::steady_clock::now();
    if (!measuring && now - begin > std::chrono::milliseconds(100)) {
      measuring = true;
      begin = now;
      requests_before = requests;
      cpu_before = CpuUs();
    } else if (measuring && std::chrono::duration<double>(now - begin).count() > seconds) {
      if (!over) {
        counted = requests - requests_before;
        cpu_us = CpuUs() - cpu_before;
      }
      over = true;
    }
    return !over;
  }
  int Report() const {
    if (counted == 0 && most == 0) {
      std::fprintf(stderr, "no requests were counted\n");
      return 1;
    }
    std::printf("requests=%llu cpu_us=%llu\n", static_cast<unsigned long long>(counted), static_cast<unsigned long long>(cpu_us));
    return 0;
  }

  static std::uint64_t CpuUs() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    const auto us = [](const timeval& t) { return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_usec); };
    return us(use.ru_utime) + us(use.ru_stime);
  }

  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
  std::uint64_t requests = 0;
  std::uint64_t requests_before = 0;
  std::uint64_t counted = 0;
  std::uint64_t cpu_before = 0;
  std::uint64_t cpu_us = 0;
  bool measuring = false;
  bool over = false;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_COMMON_CLIENT_RUN_H_
