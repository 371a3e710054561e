// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RESOURCES_H_
#define WEFT_CONCURRENCY_RESOURCES_H_

#include <cstdint>

// What this process may use of its machine. In a container that is usually less than the machine
// has. Both functions read files, so call them at startup; they may be called from any thread.
//
//   weft::RunOptions options;
//   options.loops = weft::UsableCpus() - 1;                      // leaves one CPU to others
//   const std::uint64_t cache_bytes = weft::UsableMemory() / 4;

namespace weft {

// The number of CPUs: those in the process's affinity mask, but no more than the CPU quota of its
// cgroups (cpu.max), rounded up. At least 1. This is also Go's default for GOMAXPROCS.
int UsableCpus();

// The amount of memory in bytes: that of the machine, but no more than the tightest limit of the
// process's cgroup and its ancestors (version 2 or 1). Other processes may be using part of it.
std::uint64_t UsableMemory();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RESOURCES_H_
