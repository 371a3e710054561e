// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_LOOP_SLOT_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_LOOP_SLOT_H_

#include <cstdint>

namespace weft::internal {

// How many threads can have their own memory in what is kept for each loop; slot 0 is for all others together.
inline constexpr std::uint32_t kLoopSlots = 256;

// The slot of this thread: from 1 on that of the loop that runs here, which no other running loop of the process has. 0 on plain threads,
// and on loops beyond the number of slots.
extern constinit thread_local std::uint32_t t_loop_slot;

// Slots from here on were never used.
std::uint32_t LoopSlotsUsed() noexcept;

// Gives this thread a slot while it lives. A later owner of the same slot sees everything that was written before.
class LoopSlot {
 public:
  LoopSlot() noexcept;
  ~LoopSlot();
  LoopSlot(const LoopSlot&) = delete;
  LoopSlot& operator=(const LoopSlot&) = delete;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_LOOP_SLOT_H_
