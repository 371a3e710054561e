// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_COPY_SHORT_H_
#define WEFT_HTTP_INTERNAL_COPY_SHORT_H_

#include <cstddef>
#include <cstring>

namespace weft::internal {

// At -Og, gcc 12 warns of overruns in branches that the size of a literal rules out.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-overread"
#endif
// memcpy for the short pieces of names and heads, for which a call costs more than the copy. `from` may be null if `size` is 0.
[[gnu::always_inline]] inline void CopyShort(char* to, const char* from, std::size_t size) {
  if (size > 64) {
    std::memcpy(to, from, size);
  } else if (size > 32) {
    std::memcpy(to, from, 32);
    std::memcpy(to + size - 32, from + size - 32, 32);
  } else if (size >= 16) {
    std::memcpy(to, from, 16);
    std::memcpy(to + size - 16, from + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(to, from, 8);
    std::memcpy(to + size - 8, from + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, from, 4);
    std::memcpy(to + size - 4, from + size - 4, 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
  }
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_COPY_SHORT_H_
