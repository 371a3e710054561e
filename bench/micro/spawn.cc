// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "micro/harness.h"

namespace weft::bench {
namespace {

// Time for each fiber, of groups of `members` that do nothing.
template <int members>
std::int64_t SpawnAndJoin(const Context& ctx, std::int64_t n, Meter&) {
  std::int64_t done = 0;
  while (done < n) {
    Group group(ctx);
    for (int i = 0; i < members; ++i) group.Go([](const Context&) {});
    Must(group.Wait());
    done += members;
  }
  return done;
}

// Time for each Yield of two fibers that have nothing else to do.
std::int64_t YieldToEachOther(const Context& ctx, std::int64_t n, Meter&) {
  const std::int64_t each = n / 2 + 1;
  Group group(ctx);
  for (int i = 0; i < 2; ++i) {
    group.Go([each](const Context&) {
      for (std::int64_t k = 0; k < each; ++k) Yield();
    });
  }
  Must(group.Wait());
  return 2 * each;
}

// group-of-one is the same here as spawn-join-one; in Go it has a context too, as weft's always has.
const Announce kOperations{{"spawn-join", 1, SpawnAndJoin<100>},
                           {"spawn-join-one", 1, SpawnAndJoin<1>},
                           {"group-of-one", 1, SpawnAndJoin<1>},
                           {"yield", 1, YieldToEachOther}};

}  // namespace
}  // namespace weft::bench
