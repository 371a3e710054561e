// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_RANDOM_HEX_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_RANDOM_HEX_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace weft::internal {

// Random bits, for ids that must not occur twice, for hashes that cannot be foreseen, and for the masks of a WebSocket, which are sent
// in the clear: from the kernel, a page at a time. Not for keys and tokens that keep a secret: what is left of the page stays in
// memory, and a fork copies it. From any thread.
std::uint64_t RandomBits();

// Random digits in lower case, not all of them zero.
void FillRandomHex(std::span<char> digits);
std::string RandomHex(std::size_t digits);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_RANDOM_HEX_H_
