// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_INTERRUPTED_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_INTERRUPTED_H_

#include <ucontext.h>

#include <cstdint>

namespace weft::internal {

// The instruction that a signal has interrupted, from the third argument of its handler; 0 if it is not known.
inline std::uintptr_t InstructionOf(const void* machine) noexcept {
  const auto& registers = static_cast<const ucontext_t*>(machine)->uc_mcontext;
#if defined(__x86_64__) && defined(REG_RIP)
  return static_cast<std::uintptr_t>(registers.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return static_cast<std::uintptr_t>(registers.pc);
#else
  static_cast<void>(registers);
  return 0;
#endif
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_INTERRUPTED_H_
