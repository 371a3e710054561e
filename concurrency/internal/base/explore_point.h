// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_EXPLORE_POINT_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_EXPLORE_POINT_H_

#include <atomic>

namespace weft::internal {

class Explorer;

// The explorer of the current schedule; null except under Explore. Set while no loop runs.
extern constinit std::atomic<Explorer*> g_explorer;
inline Explorer* CurrentExplorer() noexcept { return g_explorer.load(std::memory_order_relaxed); }

// A place where the calling fiber may be interrupted under Explore: in calls that may suspend, where no lock is held and the
// caller relies on nothing that other fibers could change.
void ExplorePause() noexcept;
inline void ExplorePoint() noexcept {
  if (CurrentExplorer() != nullptr) [[unlikely]] ExplorePause();
}

// A thread has waited hopelessly long for a SmallLock. Aborts in a fiber: an owner on this same thread would never continue, and
// an abort is better than a hang.
void ExploreLockedOut() noexcept;

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_EXPLORE_POINT_H_
