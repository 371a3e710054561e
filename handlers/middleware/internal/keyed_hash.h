// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_KEYED_HASH_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_KEYED_HASH_H_

#include <cstdint>
#include <string_view>

namespace weft::internal {

// SipHash-2-4: a hash of 64 bits under a key, for texts that clients choose. An attacker cannot find two texts with one hash
// without the key.
class KeyedHash {
 public:
  KeyedHash();  // a random key
  constexpr KeyedHash(std::uint64_t first, std::uint64_t second) : first_(first), second_(second) {}

  std::uint64_t operator()(std::string_view text) const noexcept;

 private:
  std::uint64_t first_;
  std::uint64_t second_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_KEYED_HASH_H_
