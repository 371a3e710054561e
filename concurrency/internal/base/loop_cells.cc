// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/loop_cells.h>

#include <sys/mman.h>

#include <new>

#include <weft/concurrency/error.h>

namespace weft {
namespace {
constexpr std::size_t kBlockBytes = internal::kLoopSlots * LoopCells::kTogetherMax * sizeof(std::uint64_t);
}

std::uint64_t LoopCell::Sum() const noexcept {
  std::uint64_t sum = 0;
  for (std::uint32_t slot = 0; slot < internal::LoopSlotsUsed(); ++slot) sum += PartOf(slot).load(std::memory_order_relaxed);
  return sum;
}

double LoopCell::RealSum() const noexcept {
  double sum = 0;
  for (std::uint32_t slot = 0; slot < internal::LoopSlotsUsed(); ++slot) {
    sum += std::bit_cast<double>(PartOf(slot).load(std::memory_order_relaxed));
  }
  return sum;
}

LoopCells::~LoopCells() {
  for (std::atomic<std::uint64_t>* block : blocks_) munmap(block, kBlockBytes);
}

// What the kernel maps is zero, which are the bits of 0 and of 0.0, and takes memory only where it is written. Large pages would
// make all of it resident.
LoopCell LoopCells::Take(std::size_t together) {
  if (together == 0 || together > kTogetherMax) internal::AbortMisuse("LoopCells::Take", "takes 1 to kTogetherMax cells");
  std::lock_guard hold(lock_);
  if (taken_ + together > LoopCell::kPerPage) {
    blocks_.reserve(blocks_.size() + 1);
    void* memory = mmap(nullptr, kBlockBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    madvise(memory, kBlockBytes, MADV_NOHUGEPAGE);
    blocks_.push_back(static_cast<std::atomic<std::uint64_t>*>(memory));
    taken_ = 0;
  }
  const LoopCell first(blocks_.back() + taken_);
  taken_ += together;
  return first;
}

}  // namespace weft
