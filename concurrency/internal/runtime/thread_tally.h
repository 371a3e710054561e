// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_THREAD_TALLY_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_THREAD_TALLY_H_

#include <atomic>
#include <cstdint>

#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft::internal {

class ContextNode;

// What virtual time knows about plain threads: how many of those that belong to the test are at work, and until when the others
// sleep. Threads of the Offload pool belong to it, and what they start (members of groups, AfterFunc). Time stands still while
// one of them works. Outside of RunTest there is no tally.
class ThreadTally {
 public:
  // A thread that waits, on its stack.
  struct Sleeper : Link<> {
    using Check = void (*)(Sleeper&) noexcept;
    Sleeper(Check when_due, ContextNode* c, std::int64_t until) : check(when_due), canceler(c), until_ns(until) {}
    std::int64_t Due() const noexcept;
    const Check check;  // ends the sleep if its time has come
    ContextNode* canceler;
    std::int64_t until_ns;
  };

  // A thread begins to work; the thread that starts or wakes it says so for it.
  void Enter() noexcept { at_work_.fetch_add(1, std::memory_order_relaxed); }
  void Leave() noexcept { at_work_.fetch_sub(1, std::memory_order_release); }
  void BeginSleep(Sleeper& sleeper) noexcept;
  void EndSleep(Sleeper& sleeper) noexcept;

  bool AnyAtWork() const noexcept { return at_work_.load(std::memory_order_acquire) != 0; }
  std::int64_t Earliest() noexcept;  // when the first sleeper is due; kNever: none is
  void WakeDue() noexcept;

 private:
  std::atomic<std::int64_t> at_work_{0};
  SmallLock lock_;
  List<Sleeper> sleepers_ WEFT_GUARDED_BY(lock_);
};

// The tally that this thread belongs to, or null.
extern constinit thread_local ThreadTally* t_tally;

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_THREAD_TALLY_H_
