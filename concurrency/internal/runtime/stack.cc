// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/stack.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstring>
#include <new>

#include <weft/concurrency/internal/base/sanitizers.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102  // Linux 6.13; older headers do not name it
#endif

namespace weft::internal {
namespace {

constexpr std::uint64_t kCanaryWord = 0x57454654'43414E41ULL;
constexpr std::size_t kCanaryBytes = 4096;
constexpr std::size_t kGuardLeast = 64 * 1024;
constexpr std::size_t kFirstSlab = 16;  // stacks
constexpr std::size_t kSlab = 64;       // a bit each in a word
constexpr std::size_t kStackBytesMax = std::size_t{1} << 48;  // no system maps this much: an error, instead of an overflow

// Guards made by mprotect cost two mappings each, and the system allows vm.max_map_count of them for everything.
long MprotectGuardsAllowed() {
  static const long allowed = [] {
    long count = 65530;
    if (std::FILE* file = std::fopen("/proc/sys/vm/max_map_count", "re")) {
      if (std::fscanf(file, "%ld", &count) != 1) count = 65530;
      std::fclose(file);
    }
    return count / 4;
  }();
  return allowed;
}

std::atomic<long> g_mprotect_guards{0};
std::atomic<GuardKind> g_best_guard{GuardKind::kMadvise};

std::size_t PageBytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

std::size_t RoundUp(std::size_t bytes, std::size_t granule) { return (bytes + granule - 1) / granule * granule; }

// Tries to make the guard of a stack; false: there is none.
bool InstallGuard(std::byte* guard, bool& by_mprotect) noexcept {
  if (g_best_guard.load(std::memory_order_relaxed) == GuardKind::kMadvise) {
    if (madvise(guard, GuardBytes(), MADV_GUARD_INSTALL) == 0) return true;
    SetBestGuard(GuardKind::kMprotect);
  }
  if (g_best_guard.load(std::memory_order_relaxed) != GuardKind::kMprotect) return false;
  if (g_mprotect_guards.fetch_add(1, std::memory_order_relaxed) < MprotectGuardsAllowed() && mprotect(guard, GuardBytes(), PROT_NONE) == 0) {
    by_mprotect = true;
    return true;
  }
  g_mprotect_guards.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void WriteCanary(std::byte* bottom) noexcept {
  for (std::size_t i = 0; i < kCanaryBytes; i += sizeof(kCanaryWord)) std::memcpy(bottom + i, &kCanaryWord, sizeof(kCanaryWord));
}

}  // namespace

std::size_t GuardBytes() noexcept {
  static const std::size_t bytes = std::max(kGuardLeast, PageBytes());
  return bytes;
}

void SetBestGuard(GuardKind kind) noexcept { g_best_guard.store(kind, std::memory_order_relaxed); }

// Some stacks that are mapped and unmapped together.
class StackSlab : public Link<>, public Link<StackMaker::RoomTag>, public Link<StackMaker::DirtyTag> {
 public:
  StackSlab(std::byte* base, std::size_t each, std::size_t count) noexcept
      : base_(base), each_(each), all_(count == kSlab ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1), free_(all_) {}
  ~StackSlab() {
    g_mprotect_guards.fetch_sub(std::popcount(mprotected_), std::memory_order_relaxed);
    // Otherwise the next owner of this address would find the marks of the frames that were left on it.
    AsanUnpoison(base_, Bytes());
    munmap(base_, Bytes());
  }
  StackSlab(const StackSlab&) = delete;
  StackSlab& operator=(const StackSlab&) = delete;

  bool HasRoom() const noexcept { return free_ != 0; }
  bool Unused() const noexcept { return free_ == all_; }
  bool Dirty() const noexcept { return (free_ & touched_) != 0; }

  // One that has pages already, if there is one.
  Stack Take() noexcept {
    const int at = std::countr_zero(Dirty() ? free_ & touched_ : free_);
    const std::uint64_t bit = std::uint64_t{1} << at;
    free_ &= ~bit;
    touched_ |= bit;
    Stack stack = At(at);
    if ((guarded_ & bit) == 0) {
      bool by_mprotect = false;
      if (InstallGuard(stack.bottom - GuardBytes(), by_mprotect)) guarded_ |= bit;
      if (by_mprotect) mprotected_ |= bit;
    }
    stack.canary = (guarded_ & bit) == 0;
    if (stack.canary) WriteCanary(stack.bottom);
    return stack;
  }
  void Give(const Stack& stack) noexcept { free_ |= std::uint64_t{1} << (static_cast<std::size_t>(stack.bottom - base_) / each_); }
  void CleanOne() noexcept {
    const int at = std::countr_zero(free_ & touched_);
    touched_ &= ~(std::uint64_t{1} << at);
    const Stack stack = At(at);
    AsanUnpoison(stack.bottom, stack.Bytes());
    madvise(stack.bottom, stack.Bytes(), MADV_DONTNEED);
  }

 private:
  std::size_t Bytes() const noexcept { return each_ * static_cast<std::size_t>(std::popcount(all_)); }
  Stack At(int index) noexcept {
    Stack stack;
    stack.bottom = base_ + static_cast<std::size_t>(index) * each_ + GuardBytes();
    stack.top = base_ + static_cast<std::size_t>(index + 1) * each_;
    stack.slab = this;
    return stack;
  }

  std::byte* const base_;
  const std::size_t each_;  // a stack and its guard
  const std::uint64_t all_;
  std::uint64_t free_;
  std::uint64_t touched_ = 0;  // may have pages
  std::uint64_t guarded_ = 0;
  std::uint64_t mprotected_ = 0;
};

StackMaker::StackMaker(std::size_t stack_bytes) : stack_bytes_(RoundUp(std::clamp<std::size_t>(stack_bytes, 1, kStackBytesMax), GuardBytes())) {}

StackMaker::~StackMaker() {
  while (StackSlab* slab = slabs_.Front()) Unmap(slab);
}

// Small slabs, so that a few used stacks keep only a few others mapped.
StackSlab* StackMaker::AddSlab() noexcept {
  const std::size_t each = stack_bytes_ + GuardBytes();
  for (std::size_t count = slab_count_ == 0 ? kFirstSlab : kSlab; count >= 1; count /= 4) {
    void* base = mmap(nullptr, count * each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED) continue;
    // With huge pages the first touch of each stack would make 2 MiB resident.
    madvise(base, count * each, MADV_NOHUGEPAGE);
    auto* slab = new (std::nothrow) StackSlab(static_cast<std::byte*>(base), each, count);
    if (slab == nullptr) {
      munmap(base, count * each);
      return nullptr;
    }
    slabs_.PushBack(*slab);
    with_room_.PushFront(*slab);
    ++slab_count_;
    return slab;
  }
  return nullptr;
}

void StackMaker::Unmap(StackSlab* slab) noexcept {
  slab->Link<>::Unlink();
  if (slab->Link<RoomTag>::Linked()) slab->Link<RoomTag>::Unlink();
  if (slab->Link<DirtyTag>::Linked()) slab->Link<DirtyTag>::Unlink();
  --slab_count_;
  delete slab;
}

bool StackMaker::Make(Stack& out) noexcept {
  StackSlab* slab = with_room_.Front();
  if (slab == nullptr) slab = AddSlab();
  if (slab == nullptr) return false;
  out = slab->Take();
  if (!slab->HasRoom()) slab->Link<RoomTag>::Unlink();
  if (!slab->Dirty() && slab->Link<DirtyTag>::Linked()) slab->Link<DirtyTag>::Unlink();
  return true;
}

void StackMaker::Give(const Stack& stack) noexcept {
  StackSlab* slab = stack.slab;
  slab->Give(stack);
  if (slab->Unused()) return Unmap(slab);
  if (!slab->Link<RoomTag>::Linked()) with_room_.PushFront(*slab);
  if (!slab->Link<DirtyTag>::Linked()) dirty_.PushBack(*slab);
}

bool StackMaker::Clean(int most) noexcept {
  for (StackSlab* slab = dirty_.Front(); slab != nullptr; slab = dirty_.Front()) {
    if (most-- == 0) return true;
    slab->CleanOne();
    if (!slab->Dirty()) slab->Link<DirtyTag>::Unlink();
  }
  return false;
}

void StackMaker::Trim(const Stack& stack, std::size_t keep) noexcept {
  keep = RoundUp(keep, PageBytes());
  const std::size_t skip = stack.canary ? RoundUp(kCanaryBytes, PageBytes()) : 0;
  if (stack.Bytes() <= keep + skip) return;
  madvise(stack.bottom + skip, stack.Bytes() - keep - skip, MADV_DONTNEED);
}

std::size_t StackMaker::Resident(const Stack& stack) noexcept {
  // Checked from the top down in small pieces, because most stacks are shallow.
  unsigned char pages[16];
  const std::size_t piece = sizeof(pages) * PageBytes();
  std::size_t found = 0;
  for (std::size_t done = 0; done < stack.Bytes(); done += piece) {
    const std::size_t bytes = piece < stack.Bytes() - done ? piece : stack.Bytes() - done;
    if (mincore(stack.top - done - bytes, bytes, pages) != 0) break;
    bool any = false;
    for (std::size_t i = 0; i < bytes / PageBytes(); ++i) {
      if ((pages[i] & 1) == 0) continue;
      const std::size_t depth = done + bytes - i * PageBytes();
      if (depth > found) found = depth;
      any = true;
      break;  // the first resident page of a piece is its deepest
    }
    if (!any) break;
  }
  return found;
}

bool StackMaker::CanaryIntact(const Stack& stack) noexcept {
  for (std::size_t i = kCanaryBytes; i > 0; i -= sizeof(kCanaryWord)) {
    std::uint64_t word = 0;
    std::memcpy(&word, stack.bottom + i - sizeof(word), sizeof(word));
    if (word != kCanaryWord) return false;
  }
  return true;
}

}  // namespace weft::internal
