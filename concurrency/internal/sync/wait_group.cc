// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/wait_group.h>

namespace weft {

void WaitGroup::Add(int n) {
  if (queue_.Add(n) < 0) internal::AbortMisuse("WaitGroup::Done", "more Done than Add");
}

Error WaitGroup::Wait(const Context& ctx) { return queue_.Wait(ctx, "wait group"); }

}  // namespace weft
