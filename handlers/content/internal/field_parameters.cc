// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/field_parameters.h>

#include <algorithm>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

// Takes the value of a parameter, a token or a quoted string, off the front of `rest`. False: it is
// neither.
bool TakeValue(std::string_view& rest, std::string& value) {
  value.clear();
  if (!rest.starts_with('"')) {
    const auto end =
        std::find_if_not(rest.begin(), rest.end(), [](char c) { return Is(c, kTokenChar); });
    value.assign(rest.begin(), end);
    rest.remove_prefix(value.size());
    return !value.empty();
  }
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return true;
    }
    // Browsers escape neither the backslashes in a file's name, nor what follows them.
    if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
    if (!Is(rest[i], kValueChar)) return false;
    value += rest[i];
  }
  return false;
}

}  // namespace

FieldParameters::FieldParameters(std::string_view value) {
  const std::size_t end = std::min(value.find(';'), value.size());
  first_ = TrimBlanks(value.substr(0, end));
  rest_ = value.substr(end);
}

std::optional<std::string> FieldParameters::Get(std::string_view name) const {
  std::optional<std::string> found;
  std::string value;
  std::string_view rest = rest_;
  while (!rest.empty()) {
    if (rest.front() != ';') return std::nullopt;
    rest = TrimBlanks(rest.substr(1));
    if (rest.empty() || rest.front() == ';') continue;
    const std::string_view parameter = rest.substr(0, rest.find('='));
    if (!IsToken(parameter) || parameter.size() == rest.size()) return std::nullopt;
    rest.remove_prefix(parameter.size() + 1);
    if (!TakeValue(rest, value)) return std::nullopt;
    rest = TrimBlanks(rest);
    if (!EqualsIgnoreCase(parameter, name)) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

}  // namespace weft::internal
