// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http2/session_memory.h>

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal::http2 {
namespace {

constexpr std::size_t kSmallBytes = 9728;         // what nghttp2 1.52 takes, with its headers, and some to spare
constexpr std::size_t kSlotBytes = 28 * 1024;     // that, a frame, and up to a complete page
constexpr std::size_t kLargeFrom = 8 * 1024;      // the frame, and nothing else
constexpr std::size_t kLargeMost = kSlotBytes - kSmallBytes;
constexpr std::size_t kSlots = 64;                // of one mapping: a process may have only so many of those
constexpr std::size_t kWarm = 64;                 // that keep their pages
constexpr std::size_t kHeader = 16;               // before each block of the slot: its size

static_assert(kSmallBytes % kHeader == 0 && kSlotBytes % 4096 == 0);

class Slots {
 public:
  // Null: no memory.
  char* Take() noexcept {
    const std::lock_guard hold(lock_);
    for (std::vector<char*>* const from : {&warm_, &cold_}) {
      if (from->empty() && (from == &warm_ || !Map())) continue;
      char* const slot = from->back();
      from->pop_back();
      return slot;
    }
    return nullptr;
  }
  void GiveBack(char* slot) noexcept {
    const std::lock_guard hold(lock_);
    if (warm_.size() < kWarm) return warm_.push_back(slot);
    madvise(slot, kSlotBytes, MADV_DONTNEED);
    cold_.push_back(slot);
  }

 private:
  bool Map() noexcept WEFT_REQUIRES(lock_) {
    try {
      warm_.reserve(kWarm);
      cold_.reserve(mapped_ + kSlots);  // GiveBack never needs memory
    } catch (const std::bad_alloc&) {
      return false;
    }
    void* const all = mmap(nullptr, kSlots * kSlotBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) return false;
    madvise(all, kSlots * kSlotBytes, MADV_NOHUGEPAGE);  // untouched pages are the point
    mapped_ += kSlots;
    for (std::size_t i = kSlots; i-- > 0;) cold_.push_back(static_cast<char*>(all) + i * kSlotBytes);
    return true;
  }

  ThreadMutex lock_;
  std::vector<char*> warm_ WEFT_GUARDED_BY(lock_);
  std::vector<char*> cold_ WEFT_GUARDED_BY(lock_);
  std::size_t mapped_ WEFT_GUARDED_BY(lock_) = 0;
};

// Never destroyed: connections may end after static objects.
Slots& AllSlots() {
  alignas(Slots) static char room[sizeof(Slots)];
  static Slots* const all = new (room) Slots;
  return *all;
}

std::size_t Rounded(std::size_t size) { return (size + kHeader - 1) / kHeader * kHeader; }

void* Place(char* at, std::size_t size) {
  std::memcpy(at, &size, sizeof size);
  return at + kHeader;
}

}  // namespace

SessionMemory::SessionMemory() noexcept : slot_(AllSlots().Take()) {}

SessionMemory::~SessionMemory() {
  if (slot_ != nullptr) AllSlots().GiveBack(slot_);
}

bool SessionMemory::InSlot(const void* block) const noexcept {
  const auto at = reinterpret_cast<std::uintptr_t>(block);
  const auto begin = reinterpret_cast<std::uintptr_t>(slot_);
  return slot_ != nullptr && at >= begin && at < begin + kSlotBytes;
}

void* SessionMemory::Allocate(std::size_t size) noexcept {
  if (sealed_ || slot_ == nullptr) return std::malloc(size);
  if (size >= kLargeFrom) {
    if (large_used_ || size > kLargeMost - kHeader) return std::malloc(size);
    large_used_ = true;
    return Place(slot_ + kSmallBytes, size);
  }
  const std::size_t taken = kHeader + Rounded(size);
  if (taken > kSmallBytes - small_used_) return std::malloc(size);
  char* const at = slot_ + small_used_;
  small_used_ += taken;
  return Place(at, size);
}

// A block of the slot comes back with all of it.
void SessionMemory::Free(void* block) noexcept {
  if (!InSlot(block)) std::free(block);
}

void* SessionMemory::AllocateZeroed(std::size_t count, std::size_t size) noexcept {
  if (size != 0 && count > SIZE_MAX / size) return nullptr;
  void* const block = Allocate(count * size);
  if (block != nullptr) std::memset(block, 0, count * size);
  return block;
}

void* SessionMemory::Reallocate(void* block, std::size_t size) noexcept {
  if (block == nullptr) return Allocate(size);
  if (!InSlot(block)) return std::realloc(block, size);
  std::size_t before = 0;
  std::memcpy(&before, static_cast<char*>(block) - kHeader, sizeof before);
  if (size <= before) return block;
  void* const larger = std::malloc(size);
  if (larger != nullptr) std::memcpy(larger, block, before);
  return larger;
}

}  // namespace weft::internal::http2
