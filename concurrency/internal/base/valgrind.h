// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_VALGRIND_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_VALGRIND_H_

#include <cstdint>

// Informs valgrind where stacks are. Otherwise it would guess by the distance between two values of the stack pointer whether
// one stack was left for another one, or a large frame was released, and would report what is on the others as invalid.
namespace weft::internal {

// What valgrind calls a client request: instructions that change nothing anywhere else, so nothing of valgrind need be installed.
inline std::uintptr_t ValgrindRequest([[maybe_unused]] std::uintptr_t request, [[maybe_unused]] std::uintptr_t first,
                                      [[maybe_unused]] std::uintptr_t second) noexcept {
#if defined(__x86_64__)
  const volatile std::uintptr_t words[6] = {request, first, second, 0, 0, 0};
  std::uintptr_t answer = 0;
  __asm__ volatile(
      "rolq $3, %%rdi\n\trolq $13, %%rdi\n\trolq $61, %%rdi\n\trolq $51, %%rdi\n\txchgq %%rbx, %%rbx"
      : "+d"(answer)
      : "a"(words)
      : "cc", "memory");
  return answer;
#elif defined(__aarch64__)
  const volatile std::uintptr_t words[6] = {request, first, second, 0, 0, 0};
  register std::uintptr_t answer __asm__("x3") = 0;
  register const volatile std::uintptr_t* place __asm__("x4") = words;
  __asm__ volatile(
      "ror x12, x12, #3\n\tror x12, x12, #13\n\tror x12, x12, #51\n\tror x12, x12, #61\n\torr x10, x10, x10"
      : "+r"(answer)
      : "r"(place)
      : "cc", "memory");
  return answer;
#else
  return 0;
#endif
}

// Returns valgrind's number of the stack, which forgets it again.
inline std::uintptr_t ValgrindAddStack(const void* bottom, const void* top) noexcept {
  return ValgrindRequest(0x1501, reinterpret_cast<std::uintptr_t>(bottom), reinterpret_cast<std::uintptr_t>(top));
}
inline void ValgrindForgetStack(std::uintptr_t number) noexcept { ValgrindRequest(0x1502, number, 0); }

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_VALGRIND_H_
