// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/select.h>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>

#include "micro/harness.h"

namespace weft::bench {
namespace {

// Time for each item that a selecting fiber gets from one of two channels without a buffer; a producer uses them in turn.
std::int64_t SelectOfTwo(const Context& parent, std::int64_t n, Meter&) {
  Chan<std::int64_t> even(0), odd(0);
  std::int64_t sum = 0;
  Group group(parent);
  group.Go([&](const Context& ctx) {
    for (std::int64_t i = 0; i < n; ++i) Must((i % 2 == 0 ? even : odd).Send(ctx, i));
  });
  group.Go([&](const Context& ctx) {
    for (std::int64_t i = 0; i < n; ++i) {
      const auto chosen = Select(ctx, OnReceive(even, [&](Result<std::int64_t> item) { sum += *item; }),
                                 OnReceive(odd, [&](Result<std::int64_t> item) { sum += *item; }));
      Must(chosen.Err());
    }
  });
  Must(group.Wait());
  Must(sum == n * (n - 1) / 2);
  return n;
}

// select-two-done is the same here as select-two; in Go it has a third case there, the context's, as weft's always has.
const Announce kOperations{{"select-two", 1, SelectOfTwo}, {"select-two-done", 1, SelectOfTwo}};

}  // namespace
}  // namespace weft::bench
