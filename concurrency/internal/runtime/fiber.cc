// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/fiber.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <boost/context/detail/fcontext.hpp>
#include <boost/version.hpp>

#include <weft/concurrency/internal/base/sanitizers.h>
#include <weft/concurrency/internal/base/valgrind.h>

// Part of the ABI, but not all of its headers declare this one.
namespace __cxxabiv1 {
struct __cxa_eh_globals;
extern "C" __cxa_eh_globals* __cxa_get_globals() noexcept;
}  // namespace __cxxabiv1

namespace weft::internal {

constinit thread_local LoopSide* t_loop_side = nullptr;

EhState* CurrentEhState() noexcept { return reinterpret_cast<EhState*>(__cxxabiv1::__cxa_get_globals()); }

namespace fc = boost::context::detail;

namespace {

std::uint64_t WordAt(const char* from) noexcept {
  std::uint64_t word;
  std::memcpy(&word, from, 8);
  return word;
}

// Up to seven bytes, and zeros after them.
inline std::uint64_t ShortWord(const char* from, std::size_t size) noexcept {
  std::uint64_t word = 0;
  if constexpr (std::endian::native == std::endian::little) {
    const auto byte = [from](std::size_t at) { return std::uint64_t{static_cast<unsigned char>(from[at])}; };
    if (size >= 4) {
      std::uint32_t first;
      std::uint32_t last;  // perhaps with bytes of the first, which are the same
      std::memcpy(&first, from, 4);
      std::memcpy(&last, from + size - 4, 4);
      word = first | std::uint64_t{last} << (size * 8 - 32);
    } else if (size != 0) {
      word = byte(0) | byte(size / 2) << (size / 2 * 8) | byte(size - 1) << (size * 8 - 8);
    }
  } else {
    std::memcpy(&word, from, size);
  }
  return word;
}

// What is left after the whole words of at least eight bytes, and zeros after it.
inline std::uint64_t LastWord(const char* from, std::size_t size) noexcept {
  const std::size_t left = size % 8;
  if constexpr (std::endian::native == std::endian::little) return WordAt(from + size - 8) >> (56 - 8 * left) >> 8;
  return ShortWord(from + size - left, left);
}

}  // namespace

[[gnu::always_inline]] inline void FiberRecord::StoreName(std::string_view name) noexcept {
  constexpr std::size_t kSizeMax = FiberOptions::kNameMax;
  const char* const from = name.data();
  const std::size_t size = name.size() < kSizeMax ? name.size() : kSizeMax;
  // The last word ends with zeros. Words beyond it contain what an earlier fiber has left; readers stop at the terminator.
  if (size < 8) return name_[0].store(ShortWord(from, size), std::memory_order_release);
  std::size_t at = 0;
  do {
    name_[at / 8].store(WordAt(from + at), std::memory_order_release);
    at += 8;
  } while (at + 8 <= size);
  name_[at / 8].store(LastWord(from, size), std::memory_order_release);
}

void FiberRecord::Begin(std::uint64_t id, const FiberOptions& options, std::int64_t start_ns) noexcept {
  const std::uint32_t version = version_.load(std::memory_order_relaxed);
  version_.store(version + 1, std::memory_order_relaxed);
  id_.store(id, std::memory_order_release);
  parent_.store(options.parent, std::memory_order_release);
  start_ns_.store(start_ns, std::memory_order_release);
  started_.store(options.started, std::memory_order_release);
  deadline_ns_.store(kNever, std::memory_order_release);
  state_.store(FiberState::kReady, std::memory_order_release);
  StoreName(options.name);
  version_.store(version + 2, std::memory_order_release);
}

void FiberRecord::Rename(std::string_view name) noexcept {
  const std::uint32_t version = version_.load(std::memory_order_relaxed);
  version_.store(version + 1, std::memory_order_relaxed);
  StoreName(name);
  version_.store(version + 2, std::memory_order_release);
}

void FiberRecord::End() noexcept { state_.store(FiberState::kFree, std::memory_order_release); }

void FiberRecord::LoadName(char* out) const noexcept {
  for (std::size_t i = 0; i < kNameWords; ++i) {
    const std::uint64_t word = name_[i].load(std::memory_order_acquire);
    std::memcpy(out + i * 8, &word, 8);
  }
}

void FiberRecord::CopyName(char* out, std::size_t size) const noexcept {
  char text[kNameWords * 8];
  LoadName(text);
  text[sizeof(text) - 1] = '\0';
  const std::size_t used = strnlen(text, sizeof(text) - 1) < size ? strnlen(text, sizeof(text) - 1) : size - 1;
  std::memcpy(out, text, used);
  out[used] = '\0';
}

bool FiberRecord::Read(FiberSnapshot& out) const noexcept {
  for (int tries = 0; tries < 1000; ++tries) {
    const std::uint32_t before = version_.load(std::memory_order_acquire);
    if (before % 2 != 0) continue;
    out.state = state_.load(std::memory_order_acquire);
    out.id = id_.load(std::memory_order_acquire);
    out.parent = parent_.load(std::memory_order_acquire);
    out.start_ns = start_ns_.load(std::memory_order_acquire);
    out.started = started_.load(std::memory_order_acquire);
    out.deadline_ns = deadline_ns_.load(std::memory_order_acquire);
    out.waits_for = waits_for_.load(std::memory_order_acquire);
    LoadName(out.name);
    if (version_.load(std::memory_order_relaxed) != before) continue;
    return out.state != FiberState::kFree;
  }
  return false;
}

bool FiberWatch::FollowAnother(ContextNode* node) noexcept {
  Forget();
  if (!node->Add(*this)) return false;
  node->RefMemory();
  node_ = node;
  return true;
}

void FiberWatch::Forget() noexcept {
  if (node_ == nullptr) return;
  node_->Remove(*this);
  ContextNode::UnrefMemory(std::exchange(node_, nullptr));
}

namespace {

#if defined(__x86_64__) && defined(__ELF__) && !defined(__CET__)
// jump_fcontext without a call instruction. It comes back by a jump, so the processor's stack of return addresses
// would keep the entry of each call and be out of step from then on: every return of every frame around the switch
// would be mispredicted. Pushed by hand, the address never gets there.
inline fc::transfer_t JumpWithoutCall(void* to, void* data) noexcept {
  fc::transfer_t from;
  asm volatile(
      "leaq 1f(%%rip), %%rax\n\t"
      "pushq %%rax\n\t"
      "jmp jump_fcontext@PLT\n"
      "1:"
      : "=a"(from.fctx), "=d"(from.data), "+D"(to), "+S"(data)
      :
      : "rcx", "r8", "r9", "r10", "r11", "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#if defined(__AVX512F__)
        , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27",
        "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#endif
  );
  // Never true. But a function that contains a call keeps nothing below its stack pointer (the red zone), where the push writes.
  if (from.data == nullptr) [[unlikely]] std::abort();
  return from;
}
#else
inline fc::transfer_t JumpWithoutCall(void* to, void* data) noexcept { return fc::jump_fcontext(to, data); }
#endif

// Copies the padding as well, so that one register is enough.
inline void CopyEhState(EhState& to, const EhState& from) noexcept { std::memcpy(&to, &from, sizeof(EhState)); }

// Code that leaves a stack says where its position is to be stored; code that arrives from there stores it.
inline void Jump(void* to, void** place_of_own) noexcept {
  const fc::transfer_t from = JumpWithoutCall(to, place_of_own);
  *static_cast<void**>(from.data) = from.fctx;
}

}  // namespace

// AddressSanitizer reports the bounds of the stack that was left, which is how those of the loop's stack are learned.
void FiberCore::Arrive(void* saved_fake) noexcept {
  if (!UnderAsan()) return;
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  AsanEnter(saved_fake, &bottom, &bytes);
  if (!std::exchange(side_.left_for_fiber, false)) return;
  side_.stack_bottom = bottom;
  side_.stack_bytes = bytes;
}

[[gnu::always_inline]] inline void FiberCore::SwitchToLoop() noexcept {
  AsanLeave(&asan_fake_, side_.stack_bottom, side_.stack_bytes);
  TsanSwitch(side_.tsan_fiber);
  Jump(side_.self, &self_);
  Arrive(asan_fake_);
}

// The body of every fiber, which never returns: one job after the other.
void FiberEntry(FiberCore& fiber) {
  fiber.Arrive(nullptr);
  while (fiber.job != nullptr) {
    fiber.job->Run();
    fiber.watch.Forget();
    fiber.ended_ = true;
    fiber.SwitchToLoop();
  }
  fiber.Leave();
}

namespace {

// An exception must not leave a fiber: there is no frame above this one.
void Trampoline(fc::transfer_t from) noexcept {
  *static_cast<void**>(from.data) = from.fctx;
  FiberEntry(*t_loop_side->running);
}

}  // namespace

FiberCore::FiberCore(LoopCore& on, LoopSide& side, const Stack& own)
    : LoopTask(side.arrived), loop(on), stack(own), side_(side), valgrind_stack_(ValgrindAddStack(own.bottom, own.top)) {
  // The stack proper begins below this object.
  void* top = this;
  self_ = fc::make_fcontext(top, static_cast<std::size_t>(static_cast<std::byte*>(top) - stack.bottom), Trampoline);
  tsan_fiber_ = TsanCreateFiber();
  for_debugger_.loop_index = static_cast<std::uint64_t>(side.index);
  ShowToDebugger(for_debugger_);
}

FiberCore::~FiberCore() {
  HideFromDebugger(for_debugger_);
  ValgrindForgetStack(valgrind_stack_);
  TsanDestroyFiber(tsan_fiber_);
}

FiberCore* FiberCore::Make(LoopCore& loop, LoopSide& side, StackMaker& maker) noexcept {
  Stack stack;
  if (!maker.Make(stack)) return nullptr;
  constexpr std::size_t kAlign = 64;
  std::byte* place = stack.top - (sizeof(FiberCore) + kAlign - 1) / kAlign * kAlign;
  return new (place) FiberCore(loop, side, stack);
}

void FiberCore::Destroy(FiberCore& fiber, StackMaker& maker) noexcept {
  const Stack stack = fiber.stack;  // it lies on it
  fiber.~FiberCore();
  maker.Give(stack);
}

// AddressSanitizer keeps a second stack for each one that it has seen, and frees it only when it learns that the first one was
// left for good.
void FiberCore::EndForSanitizer() noexcept {
  if (!UnderAsan() || job == nullptr) return;  // without a job it has never run
  job = nullptr;
  Resume();
}

#if defined(WEFT_ASAN)
__attribute__((no_sanitize_address, noinline))  // its own frame must not lie on the second stack
#endif
void FiberCore::Leave() noexcept {
  AsanLeave(nullptr, side_.stack_bottom, side_.stack_bytes);
  TsanSwitch(side_.tsan_fiber);
  fc::jump_fcontext(side_.self, &self_);
}

FiberCore& FiberCore::Resume() noexcept {
  record.SetState(FiberState::kRunning);
  LoopSide& on = side_;
  CopyEhState(on.loop_eh, *on.eh);
  CopyEhState(*on.eh, eh_);
  void* fake = nullptr;
  on.left_for_fiber = true;
  AsanLeave(&fake, stack.bottom, stack.Bytes());
  TsanSwitch(tsan_fiber_);
  Jump(self_, &on.self);
  AsanEnter(fake, nullptr, nullptr);
  FiberCore& back = *on.running;
  CopyEhState(back.eh_, *on.eh);
  CopyEhState(*on.eh, on.loop_eh);
  if (back.ended_) AsanUnpoison(back.stack.bottom, static_cast<std::size_t>(static_cast<std::byte*>(back.self_) - back.stack.bottom));
  return back;
}

void FiberCore::SwitchTo(FiberCore* to) noexcept {
  if (to == nullptr) return SwitchToLoop();
  to->record.SetState(FiberState::kRunning);
  eh_ = std::exchange(*side_.eh, to->eh_);
  AsanLeave(&asan_fake_, to->stack.bottom, to->stack.Bytes());
  TsanSwitch(to->tsan_fiber_);
  Jump(to->self_, &self_);
  Arrive(asan_fake_);
}

}  // namespace weft::internal
