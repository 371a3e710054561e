// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_PROCESS_PROBE_H_
#define WEFT_BENCH_LOAD_PROCESS_PROBE_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <vector>

namespace weft::bench {

// Returns the CPU time, user and system, that all threads of these processes have used, ended threads included.
// It is the scheduler's own count: a thread that runs on another core right now is seen as of its last tick (at most
// 10 ms ago). A process that is gone ends this one with a message.
std::chrono::nanoseconds CpuTime(const std::vector<pid_t>& processes);

// Returns the resident memory of these processes together. It walks the page tables (smaps_rollup): the cheaper counters of
// /proc/PID/statm lag behind by up to a quarter of a megabyte, more than thousands of small connections take.
std::uint64_t ResidentBytes(const std::vector<pid_t>& processes);

// Waits until the processes have used next to no CPU time for a while, at most five seconds. Then whatever they
// were sent has been taken in.
void WaitUntilQuiet(const std::vector<pid_t>& processes);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_PROCESS_PROBE_H_
