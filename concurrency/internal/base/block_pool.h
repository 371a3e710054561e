// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_BLOCK_POOL_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_BLOCK_POOL_H_

#include <cstddef>
#include <new>

#include <weft/concurrency/internal/base/sanitizers.h>

namespace weft::internal {

// Keeps some freed blocks of memory of one loop for reuse. For short-lived objects of which many are made at once, for which the
// allocator's own caches are too small. A block may be returned to another pool than its own. Only on the loop's thread.
class BlockPool {
 public:
  BlockPool() = default;
  ~BlockPool() {
    for (Shelf& shelf : shelves_) {
      while (shelf.first != nullptr) ::operator delete(Pop(shelf));
    }
  }
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  // `pool` may be null. The size must be the same for both.
  static void* Take(BlockPool* pool, std::size_t bytes) {
    if (pool == nullptr || bytes > kLargest) return ::operator new(RoundUp(bytes));
    Shelf& shelf = pool->shelves_[Index(bytes)];
    return shelf.first != nullptr ? Pop(shelf) : ::operator new(RoundUp(bytes));
  }
  static void Give(BlockPool* pool, void* block, std::size_t bytes) noexcept {
    if (pool == nullptr || bytes > kLargest || pool->shelves_[Index(bytes)].count == kKept) return ::operator delete(block);
    Shelf& shelf = pool->shelves_[Index(bytes)];
    shelf.first = new (block) Free{shelf.first};
    ++shelf.count;
  }

 private:
  struct Free {
    Free* next;
  };
  struct Shelf {
    Free* first = nullptr;
    std::size_t count = 0;
  };
  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kShelves = 5;
  static constexpr std::size_t kLargest = kStep * kShelves;
#if defined(WEFT_ASAN)
  static constexpr std::size_t kKept = 0;  // so that AddressSanitizer sees the end of each object
#else
  static constexpr std::size_t kKept = 256;
#endif

  static std::size_t Index(std::size_t bytes) { return (bytes - 1) / kStep; }
  static std::size_t RoundUp(std::size_t bytes) { return (Index(bytes) + 1) * kStep; }
  static void* Pop(Shelf& shelf) {
    Free* block = shelf.first;
    shelf.first = block->next;
    --shelf.count;
    return block;
  }

  Shelf shelves_[kShelves];
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_BLOCK_POOL_H_
