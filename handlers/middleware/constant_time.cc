// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/constant_time.h>

#include <cstddef>

namespace weft {

bool EqualInConstantTime(std::string_view came, std::string_view secret) noexcept {
  const bool same_size = came.size() == secret.size();
  // If the sizes differ, `came` is compared with itself: the work is the same, and the result is ignored.
  const std::string_view other = same_size ? secret : came;
  unsigned difference = same_size ? 0 : 1;
  for (std::size_t i = 0; i < came.size(); ++i) {
    difference |= static_cast<unsigned char>(came[i]) ^ static_cast<unsigned char>(other[i]);
    asm volatile("" : "+r"(difference));  // the compiler must not find out that it may stop early
  }
  return difference == 0;
}

}  // namespace weft
