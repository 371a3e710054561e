// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/observe/stack_walk.h>

namespace weft::internal {
namespace {

constexpr std::size_t kDepthMax = 256;

// What jump_fcontext pushes (jump_x86_64_sysv_elf_gas.S and jump_arm64_aapcs_elf_gas.S of Boost 1.81): offsets from fcontext_t.
#if defined(__x86_64__)
constexpr std::size_t kFramePointerAt = 0x38;
constexpr std::size_t kReturnAt = 0x40;
constexpr std::size_t kContextBytes = 0x48;
#else  // aarch64; never called elsewhere
constexpr std::size_t kFramePointerAt = 0x90;
constexpr std::size_t kReturnAt = 0xa0;
constexpr std::size_t kContextBytes = 0xb0;
#endif

// One word of the stack. It may be in a region that AddressSanitizer has poisoned between the variables of a function.
#if defined(__GNUC__)
__attribute__((no_sanitize("address"), noinline))
#endif
std::uintptr_t Word(std::uintptr_t address) noexcept {
  return *reinterpret_cast<const volatile std::uintptr_t*>(address);
}

}  // namespace

std::vector<std::uintptr_t> StackWalk(const void* context, const void* top) {
  std::vector<std::uintptr_t> found;
  const auto begin = reinterpret_cast<std::uintptr_t>(context);
  const auto end = reinterpret_cast<std::uintptr_t>(top);
  if (begin % sizeof(std::uintptr_t) != 0 || begin >= end || end - begin < kContextBytes) return found;
  found.push_back(Word(begin + kReturnAt));
  // A record is the caller's frame pointer and the return address; callers are above.
  std::uintptr_t least = begin + kContextBytes;
  std::uintptr_t frame = Word(begin + kFramePointerAt);
  while (found.size() < kDepthMax && frame >= least && frame % sizeof(std::uintptr_t) == 0 && frame < end &&
         end - frame >= 2 * sizeof(std::uintptr_t)) {
    const std::uintptr_t address = Word(frame + sizeof(std::uintptr_t));
    if (address == 0) break;
    found.push_back(address);
    least = frame + 2 * sizeof(std::uintptr_t);
    frame = Word(frame);
  }
  return found;
}

}  // namespace weft::internal
