// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_UNLIMITED_H_
#define WEFT_CONCURRENCY_UNLIMITED_H_

#include <weft/concurrency/internal/base/unlimited_value.h>

namespace weft {

// Removes a limit, whether that is a time, a number or a size: it converts to the largest Duration
// and to the largest value of any unsigned type, and compares equal to it. Zero never means "no
// limit" where an option takes kUnlimited.
//
//   weft::ResourcePoolOptions<Session> options;
//   options.lifetime_max = weft::kUnlimited;
//   options.waiting_max = weft::kUnlimited;
//
// Each limit exists because services have failed without it. Before you remove one, know what
// bounds that resource instead.
inline constexpr internal::Unlimited kUnlimited;

}  // namespace weft

#endif  // WEFT_CONCURRENCY_UNLIMITED_H_
