// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/base/small_lock.h>

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

#include <weft/concurrency/internal/base/cpu_relax.h>
#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/base/sanitizers.h>

namespace weft::internal {

void FutexWait(const std::atomic<std::uint32_t>* word, std::uint32_t expected, std::int64_t until_ns) noexcept {
#if defined(WEFT_TSAN)
  // ThreadSanitizer holds a signal back until its thread calls a function that it knows, and this system call is not one. So a
  // thread that sleeps here, such as main under NotifyContext, would never get it. clock_gettime is such a function.
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t soon_ns = now.tv_sec * 1'000'000'000 + now.tv_nsec + 50'000'000;
  if (soon_ns < until_ns) until_ns = soon_ns;
#endif
  timespec until{};
  until.tv_sec = static_cast<time_t>(until_ns / 1'000'000'000);
  until.tv_nsec = static_cast<long>(until_ns % 1'000'000'000);
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, until_ns == INT64_MAX ? nullptr : &until, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

void FutexWake(const std::atomic<std::uint32_t>* word, int threads) noexcept {
  syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, threads, nullptr, nullptr, 0);
}

void SmallLock::LockSlow() noexcept {
  constexpr int kSpins = 64;   // the owner needs a few nanoseconds at most,
  constexpr int kYields = 64;  // unless the system took its core away
  constexpr int kHopeless = 20'000;  // some two seconds later
  int tries = 0;
  do {
    while (held_.load(std::memory_order_relaxed)) {
      if (++tries < kSpins) {
        CpuRelax();
      } else if (tries < kSpins + kYields) {
        sched_yield();
      } else {
        const timespec moment{0, 50'000};
        nanosleep(&moment, nullptr);
        if (tries == kHopeless && CurrentExplorer() != nullptr) ExploreLockedOut();
      }
    }
  } while (held_.exchange(true, std::memory_order_acquire));
}

}  // namespace weft::internal
