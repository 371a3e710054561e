// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_STACK_H_
#define WEFT_CONCURRENCY_INTERNAL_STACK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::internal {

inline constexpr std::size_t kGuardBytes = 64 * 1024;

// What lies below a stack: the best that the system has.
enum class GuardKind { kMadvise, kMprotect, kCanary };

// For tests: stacks made from now on get this kind at the best.
void SetBestGuard(GuardKind kind) noexcept;

// A piece of address space for one stack: guard below, stack above it. Stacks grow down.
struct Stack {
  std::byte* bottom = nullptr;  // lowest usable address
  std::byte* top = nullptr;     // one past the highest
  bool canary = false;          // no guard could be had: a known pattern lies at the bottom

  std::size_t Bytes() const { return static_cast<std::size_t>(top - bottom); }
  bool GuardContains(const void* address) const {
    const auto* a = static_cast<const std::byte*>(address);
    return a >= bottom - kGuardBytes && a < bottom;
  }
};

// Maps stacks in slabs, lazily: what is not touched costs address space only. Used by one loop; it does not reuse
// stacks (the loop's pool of fibers does), it unmaps all at its end.
class StackMaker {
 public:
  explicit StackMaker(std::size_t stack_bytes);  // rounded up to a multiple of 64 KiB
  ~StackMaker();
  StackMaker(const StackMaker&) = delete;
  StackMaker& operator=(const StackMaker&) = delete;

  // False if the system gives no more memory or mappings.
  bool Make(Stack& out) noexcept;
  std::size_t StackBytes() const { return stack_bytes_; }

  // Gives the pages below `keep` bytes from the top back to the system.
  static void Trim(const Stack& stack, std::size_t keep) noexcept;
  // How many bytes from the top down are backed by memory: the deepest use since the last Trim, in pages.
  static std::size_t Resident(const Stack& stack) noexcept;
  static bool CanaryIntact(const Stack& stack) noexcept;

 private:
  struct Slab {
    std::byte* base;
    std::size_t bytes;
  };
  bool AddSlab() noexcept;
  void InstallGuard(Stack& stack) noexcept;

  std::size_t stack_bytes_;
  std::vector<Slab> slabs_;
  std::size_t slab_used_ = 0;   // stacks taken of the last slab
  std::size_t slab_count_ = 0;  // stacks in the last slab
  long mprotect_guards_ = 0;    // of all slabs
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_STACK_H_
