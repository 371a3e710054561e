// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/origin.h>

#include <algorithm>
#include <stdexcept>

#include <weft/http/internal/authority.h>

namespace weft::internal {
namespace {

bool IsScheme(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto later = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), later);
}

}  // namespace

Origin ParseOrigin(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return {};
  const Origin origin{text.substr(0, end), text.substr(end + 3)};
  // A star is good in a name by the grammar of URIs, and meant as something else.
  const bool odd = std::any_of(text.begin(), text.end(),
                               [](char c) { return (c >= 'A' && c <= 'Z') || c == '*'; });
  if (!IsScheme(origin.scheme) || !IsAuthority(origin.authority) || odd) return {};
  return origin;
}

void CheckOrigins(const char* function, const std::vector<std::string>& origins) {
  for (const std::string& origin : origins) {
    if (!ParseOrigin(origin).authority.empty()) continue;
    throw std::invalid_argument(
        std::string(function) + " \"" + origin +
        "\": an origin is scheme://host[:port] in small letters, without a path");
  }
}

}  // namespace weft::internal
