// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_POOL_STATS_H_
#define WEFT_CONCURRENCY_POOL_STATS_H_

#include <cstdint>

#include <weft/concurrency/clock.h>

namespace weft {

// What a pool of connections, or of other things that are lent out, holds at this moment and has
// done so far. A pool has a function Stats that returns one, which any thread may call.
struct PoolStats {
  // At this moment.
  std::uint64_t open = 0;     // idle and in use
  std::uint64_t idle = 0;
  std::uint64_t in_use = 0;
  std::uint64_t waiting = 0;  // for one of them
  // So far.
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t failed = 0;   // attempts to open one
  std::uint64_t waited = 0;   // that could not have one at once
  Duration longest_wait{};
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_POOL_STATS_H_
