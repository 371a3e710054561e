// SPDX-License-Identifier: Apache-2.0
//
// What a loop does under Explore.
#include <chrono>
#include <thread>
#include <vector>

#include <weft/concurrency/internal/runtime/explorer.h>
#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/internal/runtime/loop_host.h>
#include <weft/concurrency/internal/runtime/thread_tally.h>

namespace weft::internal {

namespace {
// Threads of the pool get this long to come to rest before the next choice.
constexpr auto kRestAtMost = std::chrono::milliseconds(200);
}  // namespace

void ExplorePause() noexcept {
  FiberCore* fiber = CurrentFiber();
  if (fiber == nullptr || !CurrentExplorer()->PauseHere()) return;
  fiber->loop.PushReady(*fiber);
  fiber->loop.SuspendRunning();
}

void ExploreLockedOut() noexcept {
  if (CurrentLoop() == nullptr) return;
  AbortMisuse("Explore", "a fiber was interrupted while it held an internal lock: make the Parker before the lock is taken");
}

// Fibers and threads of the pool never run at the same time here, and one of them starts only when it is its turn: so the seed
// alone says what happens.
void LoopCore::ExploreReady() {
  Explorer& explorer = *CurrentExplorer();
  std::vector<FiberCore*> ready;
  do {
    ready.clear();
    while (LoopTask* task = ready_.Pop()) ready.push_back(static_cast<FiberCore*>(task));
    const std::size_t jobs = host_.HeldJobs();
    if (ready.empty() && jobs == 0) return;
    const bool job = jobs != 0 && explorer.PickJob(jobs, ready.size());
    const std::size_t at = job ? ready.size() : explorer.Pick(ready);
    for (std::size_t i = 0; i < ready.size(); ++i) {
      if (i != at) ready_.Push(*ready[i]);
    }
    if (job) {
      host_.RunHeldJob();
    } else {
      RunFiber(*ready[at]);
    }
    // Also a thread that the fiber has woken.
    const auto give_up = std::chrono::steady_clock::now() + kRestAtMost;
    while (host_.Threads().AnyAtWork() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  } while (explorer.Coin());
}

}  // namespace weft::internal
