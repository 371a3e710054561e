// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_POOL_STATS_H_
#define WEFT_CONCURRENCY_POOL_STATS_H_

#include <cstdint>

#include <weft/concurrency/clock.h>

namespace weft {

// What a pool of connections, or of other objects that are lent out, holds and has done. Each pool
// has a member function Stats() that returns one; any thread may call it.
//
//   const weft::PoolStats stats = sessions.Stats();
//   if (stats.waiting > 100) Alarm("too few sessions");
struct PoolStats {
  // At this moment.
  std::uint64_t open = 0;     // idle plus in use
  std::uint64_t idle = 0;     // ready to be lent
  std::uint64_t in_use = 0;   // lent out
  std::uint64_t waiting = 0;  // callers that wait for one

  // Since the pool was built.
  std::uint64_t opened = 0;
  std::uint64_t closed = 0;
  std::uint64_t failed = 0;  // attempts to open one
  std::uint64_t waited = 0;  // callers that did not get one at once
  Duration longest_wait{};   // of such a caller
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_POOL_STATS_H_
