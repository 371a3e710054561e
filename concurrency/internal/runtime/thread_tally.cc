// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/thread_tally.h>

#include <mutex>

#include <weft/concurrency/internal/context/context_node.h>

namespace weft::internal {

constinit thread_local ThreadTally* t_tally = nullptr;

std::int64_t ThreadTally::Sleeper::Due() const noexcept {
  const std::int64_t deadline = canceler != nullptr ? canceler->DeadlineNs() : kNever;
  return until_ns < deadline ? until_ns : deadline;
}

void ThreadTally::BeginSleep(Sleeper& sleeper) noexcept {
  {
    std::lock_guard hold(lock_);
    sleepers_.PushBack(sleeper);
  }
  Leave();
}

// Whoever woke the thread has called Enter for it.
void ThreadTally::EndSleep(Sleeper& sleeper) noexcept {
  std::lock_guard hold(lock_);
  sleeper.Unlink();
}

std::int64_t ThreadTally::Earliest() noexcept {
  std::lock_guard hold(lock_);
  std::int64_t earliest = kNever;
  for (Sleeper* sleeper = sleepers_.Front(); sleeper != nullptr; sleeper = sleepers_.Next(*sleeper)) {
    if (sleeper->Due() < earliest) earliest = sleeper->Due();
  }
  return earliest;
}

void ThreadTally::WakeDue() noexcept {
  std::lock_guard hold(lock_);
  for (Sleeper* sleeper = sleepers_.Front(); sleeper != nullptr; sleeper = sleepers_.Next(*sleeper)) {
    if (sleeper->Due() <= NowNs()) sleeper->check(*sleeper);
  }
}

}  // namespace weft::internal
