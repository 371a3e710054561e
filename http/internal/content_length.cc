// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/content_length.h>

#include <limits>

#include <weft/http/internal/char_class.h>

namespace weft::internal {

std::optional<std::uint64_t> ParseLength(std::string_view digits) {
  // One less than the type's range: the largest value may mean "no limit", and 2^63 stays out of signed sums.
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : digits) {
    if (!Is(c, kDigitChar)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace weft::internal
