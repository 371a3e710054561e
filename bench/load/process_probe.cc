// SPDX-License-Identifier: Apache-2.0
#include "load/process_probe.h"

#include <errno.h>
#include <time.h>

#include <cstdio>
#include <string>
#include <thread>

#include "common/address.h"

namespace weft::bench {

std::chrono::nanoseconds CpuTime(const std::vector<pid_t>& processes) {
  std::chrono::nanoseconds sum{0};
  for (const pid_t process : processes) {
    clockid_t clock{};
    timespec used{};
    if ((errno = clock_getcpuclockid(process, &clock)) != 0 || clock_gettime(clock, &used) != 0) {
      Die("CPU time of process " + std::to_string(process));
    }
    sum += std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
  }
  return sum;
}

std::uint64_t ResidentBytes(const std::vector<pid_t>& processes) {
  std::uint64_t kilobytes = 0;
  for (const pid_t process : processes) {
    const std::string path = "/proc/" + std::to_string(process) + "/smaps_rollup";
    std::FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) Die(path);
    char line[256];
    unsigned long long value = 0;
    while (std::fgets(line, sizeof line, file) != nullptr) {
      if (std::sscanf(line, "Rss: %llu kB", &value) == 1) kilobytes += value;
    }
    std::fclose(file);
  }
  return kilobytes * 1024;
}

void WaitUntilQuiet(const std::vector<pid_t>& processes) {
  constexpr int kPeriods = 50;
  constexpr int kQuietPeriodsWanted = 3;
  int quiet = 0;
  std::chrono::nanoseconds before = CpuTime(processes);
  for (int i = 0; i < kPeriods && quiet < kQuietPeriodsWanted; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const std::chrono::nanoseconds now = CpuTime(processes);
    quiet = now - before < std::chrono::milliseconds(2) ? quiet + 1 : 0;
    before = now;
  }
}

}  // namespace weft::bench
