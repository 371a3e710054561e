// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/internal/forwarded_list.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

// Takes a token or a quoted string off the front.
std::optional<std::string> CutValue(std::string_view& text) {
  if (text.empty() || text.front() != '"') {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view token = TrimBlanks(text.substr(0, end));
    text.remove_prefix(end);
    return IsToken(token) ? std::optional<std::string>(token) : std::nullopt;
  }
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    value += text[i];
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> CutLastElement(std::string_view& list) {
  while (!list.empty()) {
    const std::size_t comma = list.rfind(',');
    const std::size_t start = comma == std::string_view::npos ? 0 : comma + 1;
    const std::string_view element = TrimBlanks(list.substr(start));
    list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
    if (!element.empty()) return element;
  }
  return std::nullopt;
}

std::optional<ForwardedElement> ParseForwardedElement(std::string_view text) {
  ForwardedElement element;
  std::vector<std::string_view> seen;
  for (text = TrimBlanks(text); !text.empty();) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(0, equals);
    if (!IsToken(name)) return std::nullopt;
    const auto same = [name](std::string_view other) { return EqualsIgnoreCase(name, other); };
    if (std::any_of(seen.begin(), seen.end(), same)) return std::nullopt;
    seen.push_back(name);
    text.remove_prefix(equals + 1);
    std::optional<std::string> value = CutValue(text);
    if (!value) return std::nullopt;
    if (same("for")) {
      element.address = *std::move(value);
    } else if (same("proto")) {
      element.proto = *std::move(value);
    }
    text = TrimBlanks(text);
    if (text.empty()) break;
    if (text.front() != ';') return std::nullopt;
    text = TrimBlanks(text.substr(1));
  }
  return element;
}

}  // namespace weft::internal
