// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/resources.h>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include <weft/concurrency/internal/base/cgroup.h>

namespace weft {

int UsableCpus() {
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) cpus = CPU_COUNT(&set);
  const int quota = internal::CgroupCpus(internal::ReadSmallFile("/proc/self/cgroup"), internal::ReadSmallFile);
  if (quota > 0) cpus = std::min(cpus, quota);
  return std::max(cpus, 1);
}

std::uint64_t UsableMemory() {
  const auto pages = static_cast<std::uint64_t>(std::max(sysconf(_SC_PHYS_PAGES), 0L));
  const std::uint64_t machine = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t limit =
      internal::CgroupMemoryLimit(internal::ReadSmallFile("/proc/self/cgroup"), internal::ReadSmallFile);
  return limit == 0 ? machine : std::min(machine, limit);
}

}  // namespace weft
