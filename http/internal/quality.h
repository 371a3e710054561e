// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_QUALITY_H_
#define WEFT_HTTP_INTERNAL_QUALITY_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include <weft/http/internal/text.h>

namespace weft::internal {

inline constexpr int kQualityMax = 1000;

// A qvalue in thousandths: "0.5" is 500 (RFC 9110 section 12.4.2). Nothing for other text.
constexpr std::optional<int> ParseQuality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int value = (text[0] - '0') * kQualityMax;
  if (text.size() == 1) return value;
  if (text[1] != '.' || text.size() > 5) return std::nullopt;
  int unit = kQualityMax / 10;
  for (const char c : text.substr(2)) {
    if (c < '0' || c > '9') return std::nullopt;
    value += (c - '0') * unit;
    unit /= 10;
  }
  if (value > kQualityMax) return std::nullopt;
  return value;
}

// An element of a list such as Accept-Encoding: what is requested, and its weight.
struct Weighted {
  std::string_view name;
  int quality = kQualityMax;
};

// Reads `name` or `name;q=0.5`. Nothing if it has another parameter or a malformed weight: what
// cannot be understood counts as not requested.
constexpr std::optional<Weighted> ParseWeighted(std::string_view element) {
  const std::size_t semicolon = element.find(';');
  Weighted weighted{TrimBlanks(element.substr(0, semicolon))};
  if (semicolon == std::string_view::npos) return weighted;
  const std::string_view weight = TrimBlanks(element.substr(semicolon + 1));
  if (weight.size() < 2 || ToLower(weight[0]) != 'q' || weight[1] != '=') return std::nullopt;
  const std::optional<int> quality = ParseQuality(weight.substr(2));
  if (!quality) return std::nullopt;
  weighted.quality = *quality;
  return weighted;
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_QUALITY_H_
