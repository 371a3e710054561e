// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/fiber_cache.h>

#include <algorithm>

namespace weft::internal {
namespace {

constexpr std::int64_t kTrimEveryNs = 500'000'000;
constexpr std::int64_t kTrimPauseNs = 1'000'000;  // between two pieces, while there is other work
constexpr int kTrimPiece = 128;                   // fibers, or stacks
constexpr std::size_t kOneLess = static_cast<std::size_t>(-1);
constexpr std::size_t kKeepWarm = 16;             // fibers that are never destroyed
// A stack that was used deeper than this gives back what is below at once. It is as much as the largest page, so that what a system with
// large pages adds to a length never reaches the fiber at the top.
constexpr std::size_t kDeepBytes = 64 * 1024;

}  // namespace

FiberCore* FiberCache::Take(LoopCore& loop, LoopSide& side) noexcept {
  FiberCore* fiber = idle_.PopFront();
  if (fiber == nullptr) [[unlikely]] return Make(loop, side);
  idle_low_ = std::min(idle_low_, CountIdle(kOneLess));
  return fiber;
}

// Never inlined, as all that is rare here: the usual way then saves fewer registers.
[[gnu::noinline]] FiberCore* FiberCache::Make(LoopCore& loop, LoopSide& side) noexcept {
  FiberCore* fiber = FiberCore::Make(loop, side, stacks_);
  if (fiber != nullptr) roll_->Add(fiber->entry);
  return fiber;
}

void FiberCache::Give(FiberCore& fiber) noexcept {
  // A check of one in 256 is enough to know the depth, and to catch the stacks that would keep much memory.
  if (++given_ % 256 == 0) [[unlikely]] LookHowDeep(fiber);
  idle_.PushFront(fiber);
  if (CountIdle(1) > kKeepWarm) trim_due_ = true;
}

[[gnu::noinline]] void FiberCache::LookHowDeep(const FiberCore& fiber) noexcept {
  const std::size_t used = StackMaker::Resident(fiber.stack);
  if (used > deepest_.load(std::memory_order_relaxed)) deepest_.store(used, std::memory_order_relaxed);
  if (used > kDeepBytes) StackMaker::Trim(fiber.stack, kDeepBytes);
}

void FiberCache::Destroy(FiberCore& fiber, LoopSide& side) noexcept {
  fiber.Link<IdleTag>::Unlink();
  CountIdle(kOneLess);
  side.running = &fiber;
  fiber.EndForSanitizer();
  side.running = nullptr;
  roll_->Remove(fiber.entry);
  FiberCore::Destroy(fiber, stacks_);
}

void FiberCache::DestroyAll(LoopSide& side) noexcept {
  while (FiberCore* fiber = idle_.Front()) Destroy(*fiber, side);
}

std::int64_t FiberCache::TrimDueNs(std::int64_t now_ns) const noexcept { return trimming_ ? now_ns : last_trim_ns_ + kTrimEveryNs; }

void FiberCache::Trim(LoopSide& side, std::int64_t now_ns, bool nothing_to_do) noexcept {
  if (trimming_) {
    if (!nothing_to_do && now_ns - last_trim_ns_ < kTrimPauseNs) return;
  } else {
    if (now_ns - last_trim_ns_ < kTrimEveryNs) return;
    cold_ = idle_low_ > kKeepWarm ? idle_low_ - kKeepWarm : 0;
    idle_low_ = Idle() - cold_;
    trimming_ = true;
  }
  last_trim_ns_ = now_ns;
  if (TrimSome(side)) return;
  trimming_ = false;
  trim_due_ = Idle() > kKeepWarm;
}

// The coldest first, then the pages of free stacks between stacks that are used. False: nothing is left to do.
bool FiberCache::TrimSome(LoopSide& side) noexcept {
  int left = kTrimPiece;
  for (; cold_ > 0 && Idle() > kKeepWarm && left > 0; --left, --cold_) Destroy(*idle_.Back(), side);
  if (left > 0) cold_ = 0;
  return cold_ != 0 || stacks_.Clean(left);
}

}  // namespace weft::internal
