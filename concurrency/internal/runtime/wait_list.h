// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_WAIT_LIST_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_WAIT_LIST_H_

#include <cstdint>
#include <mutex>
#include <type_traits>

#include <weft/concurrency/internal/runtime/park.h>

namespace weft::internal {

// The usual wait, whose rules are written down once, here: make the Parker before the lock is taken;
// check again under the lock, since what is waited for may have happened in between; enter, and park
// without the lock; then take the lock and leave, even after a wake-up, because the waker must have
// released the lock before the owner of lock and list may destroy them.

// The outcome of a wait that was not necessary.
inline constexpr std::uint32_t kDidNotWait = Parker::kPending;

struct NothingMore {
  void operator()() const noexcept {}
  void operator()(std::uint32_t) const noexcept {}
};

// The wait itself, for tools whose waiters, lists or locks are of their own kind. `parker` is new.
// `enter`, under the lock: checks, and returns false if there is no need to wait; otherwise makes the
// parker known to its future waker. It may set what `until_ns` refers to. `leave(outcome)`, under the lock: the parker is not
// known to any waker afterwards. `entered`: in between, without the lock, before it parks. Hold: how to hold the lock, if not
// by a lock_guard.
template <class Hold = void, class Lock, class Enter, class Leave, class Entered = NothingMore>
std::uint32_t WaitAs(Parker& parker, Lock& lock, const Context& ctx, Enter enter, Leave leave,
                     const std::int64_t& until_ns = kNever, Entered entered = {}) WEFT_NO_LOCK_ANALYSIS {
  using Guard = std::conditional_t<std::is_void_v<Hold>, std::lock_guard<Lock>, Hold>;
  {
    Guard hold(lock);
    if (!enter()) return kDidNotWait;
  }
  entered();
  const std::uint32_t outcome = parker.Park(ctx, until_ns);
  Guard hold(lock);
  leave(outcome);
  return outcome;
}

// Waits in a list of any number of waiters, which `lock` guards, until a waker takes it out and wakes it, or the context is
// done. `look`, under the lock: true if there is no need to wait. `left(outcome)`: under the lock, at the end of a wait.
// `entered` as above.
template <class Lock, class Look, class Left = NothingMore, class Entered = NothingMore>
std::uint32_t WaitInList(Lock& lock, List<Parker>& waiters, const char* waits_for, const Context& ctx,
                         Look look, Left left = {}, Entered entered = {}) WEFT_NO_LOCK_ANALYSIS {
  Parker parker(waits_for);
  const auto enter = [&]() WEFT_NO_LOCK_ANALYSIS {
    if (look()) return false;
    waiters.PushBack(parker);
    return true;
  };
  const auto leave = [&](std::uint32_t outcome) WEFT_NO_LOCK_ANALYSIS {
    if (parker.Linked()) parker.Unlink();
    left(outcome);
  };
  return WaitAs(parker, lock, ctx, enter, leave, kNever, entered);
}

// The same with one waiter at a time, in `place`, for what `look` reports. Returns what that says at the end.
template <class Lock, class Look>
bool WaitInPlace(Lock& lock, Parker*& place, const char* waits_for, const Context& ctx, Look look,
                 std::int64_t until_ns = kNever) WEFT_NO_LOCK_ANALYSIS {
  Parker parker(waits_for);
  bool there = false;
  const auto enter = [&]() WEFT_NO_LOCK_ANALYSIS {
    there = look();
    if (!there) place = &parker;
    return !there;
  };
  const auto leave = [&](std::uint32_t) WEFT_NO_LOCK_ANALYSIS {
    place = nullptr;
    there = look();
  };
  (void)WaitAs(parker, lock, ctx, enter, leave, until_ns);
  return there;
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_WAIT_LIST_H_
