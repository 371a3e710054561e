// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CPU_COUNT_H_
#define WEFT_CONCURRENCY_INTERNAL_CPU_COUNT_H_

#include <string_view>

namespace weft::internal {

// How many CPUs this process may use: the affinity mask, and the quota of its cgroup (cpu.max) rounded up. At least 1.
int UsableCpus();

// CPUs that the text of a cpu.max file allows, rounded up; 0: no bound.
int CpusOfQuota(std::string_view cpu_max);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CPU_COUNT_H_
