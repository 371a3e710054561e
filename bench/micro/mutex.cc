// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include <weft/concurrency/group.h>
#include <weft/concurrency/mutex.h>

#include "micro/harness.h"

namespace weft::bench {
namespace {

std::int64_t LockAndUnlock(const Context&, std::int64_t n, Meter&) {
  Mutex mutex;
  for (std::int64_t i = 0; i < n; ++i) {
    mutex.lock();
    mutex.unlock();
  }
  return n;
}

std::int64_t LockUnderContext(const Context& ctx, std::int64_t n, Meter&) {
  Mutex mutex;
  for (std::int64_t i = 0; i < n; ++i) {
    Must(mutex.Lock(ctx));
    mutex.unlock();
  }
  return n;
}

// Two fibers on two loops draw from one count, so that both are there until the end. They begin together: each holds its loop
// until the other one does too. What they do under the mutex takes a few nanoseconds. Time for each time that it is taken.
std::int64_t Contend(const Context& ctx, std::int64_t n, Meter& meter) {
  meter.Pause();
  // On one cache line, wherever on the stack this is.
  struct alignas(64) {
    std::atomic<int> here = 0;
    Mutex mutex;
    std::int64_t count = 0;
    std::uint64_t value = 1;
  } shared;
  Group group(ctx, {.limit = 0, .spread = true});
  for (int i = 0; i < 2; ++i) {
    group.Go([&shared, &meter, n](const Context&) {
      if (++shared.here == 2) meter.Resume();
      while (shared.here < 2) continue;
      for (;;) {
        shared.mutex.lock();
        const bool ended = shared.count >= n;
        if (!ended) {
          ++shared.count;
          for (int k = 0; k < 4; ++k) shared.value = shared.value * 6364136223846793005U + 1442695040888963407U;
        }
        shared.mutex.unlock();
        if (ended) return;
      }
    });
  }
  Must(group.Wait());
  Must(shared.value != 0);  // keeps the work from being left out
  return n;
}

const Announce kOperations{{"mutex", 1, LockAndUnlock}, {"mutex-context", 1, LockUnderContext}, {"mutex-loops", 2, Contend}};

}  // namespace
}  // namespace weft::bench
