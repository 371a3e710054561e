// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SYNC_WAKES_H_
#define WEFT_CONCURRENCY_INTERNAL_SYNC_WAKES_H_

#include <weft/concurrency/internal/base/list.h>

namespace weft::internal {

class Parker;

// The waiters that one call must wake, however many they are. The call itself wakes some; each of them, when it leaves, wakes some of the
// others, so no call does all of it in one piece. Guarded by the lock of the queue in which they have waited.
class Wakes {
 public:
  // Takes all waiters, in their order, after those of an earlier call.
  void Begin(List<Parker>& waiters) noexcept;
  // Each waiter calls this when it leaves, under the lock and whatever its outcome: the count depends on it.
  void PassOn() noexcept {
    if (!left_.Empty()) [[unlikely]] WakeSome(kByEachWaiter);
  }

 private:
  static constexpr int kByTheCall = 1024;
  static constexpr int kByEachWaiter = 64;
  void WakeSome(int most) noexcept;

  List<Parker> left_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_SYNC_WAKES_H_
