// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/cpu_count.h>

#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <thread>

namespace weft::internal {
namespace {

std::string ReadSmallFile(const std::string& path) {
  std::string text;
  if (std::FILE* file = std::fopen(path.c_str(), "re")) {
    char buffer[4096];
    text.assign(buffer, std::fread(buffer, 1, sizeof(buffer), file));
    std::fclose(file);
  }
  return text;
}

// The process's place in the unified hierarchy: the line "0::/path".
std::string CgroupPath() {
  const std::string text = ReadSmallFile("/proc/self/cgroup");
  const std::size_t at = text.find("0::/");
  if (at == std::string::npos || (at != 0 && text[at - 1] != '\n')) return "/";
  const std::size_t end = text.find('\n', at);
  return text.substr(at + 3, end == std::string::npos ? end : end - at - 3);
}

// The tightest quota of the process's cgroup and its ancestors.
int CgroupCpus() {
  int cpus = 0;
  std::string path = CgroupPath();
  for (;;) {
    const int here = CpusOfQuota(ReadSmallFile("/sys/fs/cgroup" + path + "/cpu.max"));
    if (here > 0 && (cpus == 0 || here < cpus)) cpus = here;
    if (path.empty() || path == "/") return cpus;
    path.resize(path.find_last_of('/'));
  }
}

}  // namespace

int CpusOfQuota(std::string_view cpu_max) {
  const std::string text(cpu_max);
  long long quota = 0;
  long long period = 0;
  if (std::sscanf(text.c_str(), "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0) return 0;
  return static_cast<int>((quota + period - 1) / period);
}

int UsableCpus() {
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) cpus = CPU_COUNT(&set);
  const int quota = CgroupCpus();
  if (quota > 0) cpus = std::min(cpus, quota);
  return std::max(cpus, 1);
}

}  // namespace weft::internal
