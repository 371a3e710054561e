// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/base/loop_slot.h>

#include <atomic>
#include <bitset>
#include <mutex>

#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {

constinit thread_local std::uint32_t t_loop_slot = 0;

namespace {
// Constant-initialized and trivially destroyed: loops may end after main.
constinit ThreadMutex g_lock;
constinit std::bitset<kLoopSlots> g_taken WEFT_GUARDED_BY(g_lock);
constinit std::atomic<std::uint32_t> g_used{1};
}  // namespace

std::uint32_t LoopSlotsUsed() noexcept { return g_used.load(std::memory_order_acquire); }

// The lowest free one, so that few are ever used.
LoopSlot::LoopSlot() noexcept {
  std::lock_guard hold(g_lock);
  for (std::uint32_t slot = 1; slot < kLoopSlots; ++slot) {
    if (g_taken[slot]) continue;
    g_taken[slot] = true;
    if (slot >= g_used.load(std::memory_order_relaxed)) g_used.store(slot + 1, std::memory_order_release);
    t_loop_slot = slot;
    return;
  }
}

LoopSlot::~LoopSlot() {
  std::lock_guard hold(g_lock);
  if (t_loop_slot != 0) g_taken[t_loop_slot] = false;
  t_loop_slot = 0;
}

}  // namespace weft::internal
