// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_RANDOM_HEX_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_RANDOM_HEX_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace weft::internal {

// Random bits, for ids that must not occur twice, and for hashes that cannot be foreseen: from the kernel, some at a time. Not
// for keys and tokens that keep a secret. From any thread.
std::uint64_t RandomBits();

// Random digits in lower case, not all of them zero.
void FillRandomHex(std::span<char> digits);
std::string RandomHex(std::size_t digits);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_RANDOM_HEX_H_
