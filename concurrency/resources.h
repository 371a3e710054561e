// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RESOURCES_H_
#define WEFT_CONCURRENCY_RESOURCES_H_

#include <cstdint>

namespace weft {

// How many CPUs this process may use: those of its affinity mask, and not more than the quota of
// its cgroups (cpu.max), rounded up. At least 1. What Go's GOMAXPROCS is by default. Reads files;
// from any thread.
int UsableCpus();

// How many bytes of memory this process may use: those of the machine, and not more than the
// tightest limit of its cgroup and that one's ancestors (version 2 or 1). Other processes may have
// taken some of it. Reads files; from any thread.
std::uint64_t UsableMemory();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RESOURCES_H_
