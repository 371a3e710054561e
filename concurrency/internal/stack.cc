// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/stack.h>

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>

#include <weft/concurrency/internal/sanitizers.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102  // Linux 6.13; older headers do not name it
#endif

namespace weft::internal {
namespace {

constexpr std::uint64_t kCanaryWord = 0x57454654'43414E41ULL;
constexpr std::size_t kCanaryBytes = 4096;
constexpr std::size_t kSlabStacksMin = 16;
constexpr std::size_t kSlabStacksMax = 4096;

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

}  // namespace

void SetBestGuard(GuardKind kind) noexcept { g_best_guard.store(kind, std::memory_order_relaxed); }

StackMaker::StackMaker(std::size_t stack_bytes) {
  const std::size_t granule = kGuardBytes;
  stack_bytes_ = stack_bytes == 0 ? granule : (stack_bytes + granule - 1) / granule * granule;
}

StackMaker::~StackMaker() {
  g_mprotect_guards.fetch_sub(mprotect_guards_, std::memory_order_relaxed);
  for (const Slab& slab : slabs_) {
    // The marks of the frames that were left on it would be found by whoever is given this address next.
    AsanUnpoison(slab.base, slab.bytes);
    munmap(slab.base, slab.bytes);
  }
}

bool StackMaker::AddSlab() noexcept {
  std::size_t count = slab_count_ == 0 ? kSlabStacksMin : slab_count_ * 4;
  if (count > kSlabStacksMax) count = kSlabStacksMax;
  const std::size_t each = stack_bytes_ + kGuardBytes;
  for (; count >= 1; count /= 4) {
    void* base = mmap(nullptr, count * each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED) continue;
    // With huge pages the first touch of each stack would make 2 MiB resident.
    madvise(base, count * each, MADV_NOHUGEPAGE);
    slabs_.push_back({static_cast<std::byte*>(base), count * each});
    slab_used_ = 0;
    slab_count_ = count;
    return true;
  }
  return false;
}

void StackMaker::InstallGuard(Stack& stack) noexcept {
  std::byte* guard = stack.bottom - kGuardBytes;
  if (g_best_guard.load(std::memory_order_relaxed) == GuardKind::kMadvise) {
    if (madvise(guard, kGuardBytes, MADV_GUARD_INSTALL) == 0) return;
    SetBestGuard(GuardKind::kMprotect);
  }
  if (g_best_guard.load(std::memory_order_relaxed) == GuardKind::kMprotect) {
    if (g_mprotect_guards.fetch_add(1, std::memory_order_relaxed) < MprotectGuardsAllowed() &&
        mprotect(guard, kGuardBytes, PROT_NONE) == 0) {
      ++mprotect_guards_;
      return;
    }
    g_mprotect_guards.fetch_sub(1, std::memory_order_relaxed);
  }
  stack.canary = true;
  for (std::size_t i = 0; i < kCanaryBytes; i += sizeof(kCanaryWord)) {
    std::memcpy(stack.bottom + i, &kCanaryWord, sizeof(kCanaryWord));
  }
}

bool StackMaker::Make(Stack& out) noexcept {
  if (slab_used_ == slab_count_ && !AddSlab()) return false;
  const std::size_t each = stack_bytes_ + kGuardBytes;
  std::byte* base = slabs_.back().base + slab_used_ * each;
  ++slab_used_;
  out.bottom = base + kGuardBytes;
  out.top = base + each;
  InstallGuard(out);
  return true;
}

void StackMaker::Trim(const Stack& stack, std::size_t keep) noexcept {
  const std::size_t skip = stack.canary ? kCanaryBytes : 0;
  if (stack.Bytes() <= keep + skip) return;
  madvise(stack.bottom + skip, stack.Bytes() - keep - skip, MADV_DONTNEED);
}

std::size_t StackMaker::Resident(const Stack& stack) noexcept {
  // Looked at from the top down in small pieces, because most stacks are shallow.
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
