// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_RANDOM_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_RANDOM_H_

#include <cstdint>

namespace weft::internal {

// The state of this thread's generator: for choices that must be fair, not secret. A test sets it to repeat them.
extern constinit thread_local std::uint64_t t_random;

// Uniform in [0, n) for a small n.
inline std::uint32_t RandomBelow(std::uint32_t n) noexcept {
  // A step of a Weyl sequence, mixed (the finaliser of MurmurHash3).
  std::uint64_t x = t_random += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
  x ^= x >> 33;
  return static_cast<std::uint32_t>((x >> 32) * n >> 32);
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_RANDOM_H_
