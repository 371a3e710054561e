// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_CGROUP_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_CGROUP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace weft::internal {

// The content of a file; empty if there is none.
using FileReader = std::function<std::string(const std::string& path)>;

// Reads a file of at most 4 KiB, such as those of /proc and /sys.
std::string ReadSmallFile(const std::string& path);

// The tightest memory limit of a cgroup and its ancestors, version 2 or 1; 0: none. `cgroup` is the content of
// /proc/self/cgroup.
std::uint64_t CgroupMemoryLimit(const std::string& cgroup, const FileReader& read);

// The tightest CPU quota of a cgroup and its ancestors (version 2: cpu.max), in CPUs, rounded up; 0: none.
int CgroupCpus(const std::string& cgroup, const FileReader& read);

// CPUs that the text of a cpu.max file allows, rounded up; 0: no bound.
int CpusOfQuota(std::string_view cpu_max);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_CGROUP_H_
