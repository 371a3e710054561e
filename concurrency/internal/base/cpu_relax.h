// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_CPU_RELAX_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_CPU_RELAX_H_

namespace weft::internal {

// Called between two checks of a thread that spins.
inline void CpuRelax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_CPU_RELAX_H_
