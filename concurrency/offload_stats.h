// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_OFFLOAD_STATS_H_
#define WEFT_CONCURRENCY_OFFLOAD_STATS_H_

#include <cstdint>

#include <weft/concurrency/clock.h>

namespace weft {

// What the pool of a scheduler, in which the functions of Offload run, is doing and has done so
// far.
//
//   const weft::OffloadStats pool = weft::CurrentOffloadStats();
//   if (pool.queued > 100) Alarm("too few threads for Offload");
struct OffloadStats {
  // Threads made so far; they stay until the scheduler ends.
  int threads = 0;
  // How many of them are at work.
  int busy = 0;
  // Calls that wait because all threads are busy.
  int queued = 0;
  // Functions that have returned, including those of Resolve.
  std::uint64_t done = 0;
  // Calls that failed because the queue was full.
  std::uint64_t refused = 0;
  // How long a call has waited for its thread. It includes calls that gave up, or still wait.
  Duration longest_wait{};
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_OFFLOAD_STATS_H_
