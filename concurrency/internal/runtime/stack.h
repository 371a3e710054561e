// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_STACK_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_STACK_H_

#include <cstddef>
#include <cstdint>

#include <weft/concurrency/internal/base/list.h>

namespace weft::internal {

// The size of a guard, of which a stack is a multiple: 64 KiB, which is a whole number of pages even if a page has 16 or 64 KiB, or one page
// if that is even larger.
std::size_t GuardBytes() noexcept;

// The guard below a stack: the best that the system offers.
enum class GuardKind { kMadvise, kMprotect, kCanary };

// For tests: stacks made from now on get this kind at best.
void SetBestGuard(GuardKind kind) noexcept;

class StackSlab;

// A piece of address space for one stack: guard below, stack above it. Stacks grow down.
struct Stack {
  std::byte* bottom = nullptr;  // lowest usable address
  std::byte* top = nullptr;     // one past the highest
  StackSlab* slab = nullptr;    // that it is a part of
  bool canary = false;          // without a guard: there is a known pattern at the bottom

  std::size_t Bytes() const { return static_cast<std::size_t>(top - bottom); }
  bool GuardContains(const void* address) const {
    const auto* a = static_cast<const std::byte*>(address);
    return a >= bottom - GuardBytes() && a < bottom;
  }
};

// Maps stacks in slabs, lazily: what is not touched costs address space only. A slab without a used stack is unmapped,
// and its page tables with it. Used by one loop.
class StackMaker {
 public:
  explicit StackMaker(std::size_t stack_bytes);  // rounded up to a multiple of GuardBytes()
  ~StackMaker();                                 // unmaps all
  StackMaker(const StackMaker&) = delete;
  StackMaker& operator=(const StackMaker&) = delete;

  // False if the system gives no more memory or mappings.
  bool Make(Stack& out) noexcept;
  // Takes back one that is no longer in use. Its pages stay until the next Make, Clean, or the end of the slab.
  void Give(const Stack& stack) noexcept;
  // Gives the pages of free stacks in slabs with used ones back to the system, of at most `most` stacks. False: none are left.
  bool Clean(int most) noexcept;
  std::size_t StackBytes() const { return stack_bytes_; }
  std::size_t Slabs() const { return slab_count_; }

  // Gives the pages below `keep` bytes from the top back to the system, `keep` in whole pages.
  static void Trim(const Stack& stack, std::size_t keep) noexcept;
  // How many bytes from the top down are backed by memory: the deepest use since the last Trim, in pages.
  static std::size_t Resident(const Stack& stack) noexcept;
  static bool CanaryIntact(const Stack& stack) noexcept;

 private:
  struct RoomTag;
  struct DirtyTag;
  friend class StackSlab;
  StackSlab* AddSlab() noexcept;
  void Unmap(StackSlab* slab) noexcept;

  std::size_t stack_bytes_;
  std::size_t slab_count_ = 0;
  List<StackSlab> slabs_;
  List<StackSlab, RoomTag> with_room_;  // that have a free stack
  List<StackSlab, DirtyTag> dirty_;     // that have a free stack with pages
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_STACK_H_
