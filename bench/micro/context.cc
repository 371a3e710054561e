// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/context.h>

#include <chrono>
#include <vector>

#include "micro/harness.h"

namespace weft::bench {
namespace {

std::int64_t CancelOne(const Context& ctx, std::int64_t n, Meter&) {
  for (std::int64_t i = 0; i < n; ++i) {
    const CancelScope scope = WithCancel(ctx);
    scope.cancel();
  }
  return n;
}

std::int64_t CancelOneWithTimeout(const Context& ctx, std::int64_t n, Meter&) {
  for (std::int64_t i = 0; i < n; ++i) {
    const CancelScope scope = WithTimeout(ctx, std::chrono::hours(1));
    scope.cancel();
  }
  return n;
}

// Time for each tree: one parent with 1,000 children. Making and ending it does not count.
std::int64_t CancelTree(const Context& ctx, std::int64_t n, Meter& meter) {
  meter.Pause();
  std::vector<CancelScope> children;
  children.reserve(1000);
  for (std::int64_t i = 0; i < n; ++i) {
    const CancelScope parent = WithCancel(ctx);
    for (int k = 0; k < 1000; ++k) children.push_back(WithCancel(parent.ctx));
    meter.Resume();
    parent.cancel();
    meter.Pause();
    Must(bool{children.back().ctx.Err()});
    children.clear();
  }
  meter.Resume();
  return n;
}

const Announce kOperations{{"with-cancel", 1, CancelOne},
                           {"with-timeout", 1, CancelOneWithTimeout},
                           {"cancel-tree-1000", 1, CancelTree}};

}  // namespace
}  // namespace weft::bench
