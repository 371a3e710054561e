// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/channel/select_core.h>

#include <algorithm>
#include <functional>
#include <utility>

#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/base/random.h>
#include <weft/concurrency/internal/runtime/park.h>

namespace weft::internal {

constinit thread_local std::uint64_t t_random = 0;

namespace {

// All locks of a Select, each once, in the order of their addresses: two Selects over the same channels cannot block each other.
class LockSet {
 public:
  LockSet(const SelectCall& call) noexcept : locks_(call.locks) {
    if (call.count <= kFew) {
      for (std::size_t i = 0; i < call.count; ++i) Insert(call.cases[i]->Lock());
    } else {
      SortAll(call);
    }
  }
  void lock() noexcept WEFT_NO_LOCK_ANALYSIS {  // NOLINT
    for (std::size_t i = 0; i < count_; ++i) locks_[i]->lock();
  }
  void unlock() noexcept WEFT_NO_LOCK_ANALYSIS {  // NOLINT
    for (std::size_t i = count_; i > 0; --i) locks_[i - 1]->unlock();
  }

 private:
  static constexpr std::size_t kFew = 16;  // as nearly every Select has

  void Insert(SmallLock* lock) noexcept {
    if (lock == nullptr) return;
    std::size_t at = count_;
    while (at > 0 && std::less<>()(lock, locks_[at - 1])) --at;
    if (at > 0 && locks_[at - 1] == lock) return;
    for (std::size_t i = count_; i > at; --i) locks_[i] = locks_[i - 1];
    locks_[at] = lock;
    ++count_;
  }
  void SortAll(const SelectCall& call) noexcept {
    for (std::size_t i = 0; i < call.count; ++i) {
      if (SmallLock* lock = call.cases[i]->Lock()) locks_[count_++] = lock;
    }
    std::sort(locks_, locks_ + count_, std::less<>());
    count_ = static_cast<std::size_t>(std::unique(locks_, locks_ + count_) - locks_);
  }

  SmallLock** locks_;
  std::size_t count_ = 0;
};

// All orders are equally likely, so each of the ready cases is the first one equally often.
void Arrange(const SelectCall& call, SelectOrder order) noexcept {
  for (std::uint32_t i = 0; i < call.count; ++i) {
    call.order[i] = i;
    if (order == SelectOrder::kAsWritten) continue;
    const std::uint32_t other = RandomBelow(i + 1);
    std::swap(call.order[i], call.order[other]);
  }
}

std::size_t TryAll(const SelectCall& call, std::int64_t now_ns) noexcept {
  for (std::size_t i = 0; i < call.count; ++i) {
    const std::uint32_t at = call.order[i];
    if (at != call.default_case && call.cases[at]->Try(now_ns)) return at;
  }
  return call.default_case;
}

std::int64_t FirstDueNs(const SelectCall& call) noexcept {
  std::int64_t first = kNever;
  for (std::size_t i = 0; i < call.count; ++i) {
    const std::int64_t due = call.cases[i]->DueNs();
    if (due < first) first = due;
  }
  return first;
}

// Enters the cases that have a lock, or those that have none, in the order in which they were tried: of several cases of one channel
// the one that is first in its queue is served. A case that has become ready meanwhile claims the wait itself: then it returns
// false, and no other fiber will wake us.
bool EnterCases(const SelectCall& call, Parker& parker, bool locked) noexcept {
  for (std::size_t i = 0; i < call.count; ++i) {
    const std::uint32_t at = call.order[i];
    if ((call.cases[at]->Lock() != nullptr) != locked) continue;
    const std::uint32_t outcome = Parker::kWoken + at;
    if (!call.cases[at]->Enter(parker, outcome) && parker.ClaimOwn(outcome)) return false;
  }
  return true;
}

void LeaveCases(const SelectCall& call, bool locked) noexcept {
  for (std::size_t i = 0; i < call.count; ++i) {
    if ((call.cases[i]->Lock() != nullptr) == locked) call.cases[i]->Leave();
  }
}

// Waits once; called with the locks, which it releases. Returns the outcome.
std::uint32_t WaitOnce(const Context& ctx, const SelectCall& call, LockSet& locks) noexcept {
  Parker parker("select", true);
  EnterCases(call, parker, true);
  locks.unlock();
  const bool wait = EnterCases(call, parker, false);
  const std::uint32_t outcome = wait ? parker.Park(ctx, FirstDueNs(call)) : parker.Outcome();
  locks.lock();
  LeaveCases(call, true);
  locks.unlock();
  LeaveCases(call, false);
  return outcome;
}

}  // namespace

Result<std::size_t> RunSelect(const Context& ctx, const SelectCall& call, SelectOrder order) noexcept {
  ExplorePoint();
  if (Error err = ctx.Err()) return err;
  Arrange(call, order);
  LockSet locks(call);
  bool looks_at_clock = false;
  for (std::size_t i = 0; i < call.count; ++i) looks_at_clock |= call.cases[i]->Begin();
  for (;;) {
    std::int64_t now_ns = 0;
    if (looks_at_clock) {
      now_ns = NowNs();
      for (std::size_t i = 0; i < call.count; ++i) call.cases[i]->BeforeTry();
    }
    locks.lock();
    const std::size_t ready = TryAll(call, now_ns);
    if (ready != kNoDefault) {
      locks.unlock();
      return ready;
    }
    const std::uint32_t outcome = WaitOnce(ctx, call, locks);
    if (outcome == Parker::kContextDone) return ctx.Err();
    if (outcome == Parker::kTimedOut) continue;
    const std::size_t at = outcome - Parker::kWoken;
    if (call.cases[at]->DoneWhenClaimed()) return at;
  }
}

}  // namespace weft::internal
