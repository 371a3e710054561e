// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/sync/wakes.h>

#include <weft/concurrency/internal/runtime/park.h>

namespace weft::internal {

void Wakes::Begin(List<Parker>& waiters) noexcept {
  left_.TakeAll(waiters);
  WakeSome(kByTheCall);
}

void Wakes::WakeSome(int most) noexcept {
  for (; most > 0; --most) {
    Parker* waiter = left_.PopFront();
    if (waiter == nullptr) return;
    (void)waiter->Wake();  // one that has given up will leave all the same
  }
}

}  // namespace weft::internal
