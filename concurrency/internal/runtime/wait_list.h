// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_WAIT_LIST_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_WAIT_LIST_H_

#include <cstdint>
#include <mutex>

#include <weft/concurrency/internal/runtime/park.h>

namespace weft::internal {

// The usual wait, whose rules stand here once: make the Parker before the lock is taken; look again under the lock, since what is
// waited for may have happened in between; enter and park without the lock; then take the lock and leave, also after a
// wake-up, because the waker must be out of the lock before the owner of lock and list may destroy them.

// The outcome of a wait that was not needed.
inline constexpr std::uint32_t kDidNotWait = Parker::kPending;

struct NothingMore {
  void operator()() const noexcept {}
  void operator()(std::uint32_t) const noexcept {}
};

// Waits in a list of any number of waiters, which `lock` guards, until somebody takes it out and wakes it, or the context is done.
// `look`, under the lock: true if there is no need to wait. `left(outcome)`: under the lock, at the end of a wait. `entered`: without
// the lock, before it parks.
template <class Lock, class Look, class Left = NothingMore, class Entered = NothingMore>
std::uint32_t WaitInList(Lock& lock, List<Parker>& waiters, const char* waits_for, const Context& ctx, Look look, Left left = {},
                         Entered entered = {}) WEFT_NO_LOCK_ANALYSIS {
  Parker parker(waits_for);
  {
    std::lock_guard hold(lock);
    if (look()) return kDidNotWait;
    waiters.PushBack(parker);
  }
  entered();
  const std::uint32_t outcome = parker.Park(ctx);
  std::lock_guard hold(lock);
  if (parker.Linked()) parker.Unlink();
  left(outcome);
  return outcome;
}

// The same where one waits at a time, in `place`, for what `look` tells. Returns what that says at the end.
template <class Lock, class Look>
bool WaitInPlace(Lock& lock, Parker*& place, const char* waits_for, const Context& ctx, Look look, std::int64_t until_ns = kNever)
    WEFT_NO_LOCK_ANALYSIS {
  Parker parker(waits_for);
  {
    std::lock_guard hold(lock);
    if (look()) return true;
    place = &parker;
  }
  parker.Park(ctx, until_ns);
  std::lock_guard hold(lock);
  place = nullptr;
  return look();
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_WAIT_LIST_H_
