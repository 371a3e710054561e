// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/field_parameters.h>

#include <algorithm>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/percent.h>
#include <weft/http/internal/text.h>
#include <weft/http/internal/utf8.h>

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

template <class F>
bool FieldParameters::ForEach(F take) const {
  std::string value;
  std::string_view rest = rest_;
  while (!rest.empty()) {
    if (rest.front() != ';') return false;
    rest = TrimBlanks(rest.substr(1));
    if (rest.empty() || rest.front() == ';') continue;
    const std::string_view parameter = rest.substr(0, rest.find('='));
    if (!IsToken(parameter) || parameter.size() == rest.size()) return false;
    rest.remove_prefix(parameter.size() + 1);
    if (!TakeValue(rest, value)) return false;
    rest = TrimBlanks(rest);
    if (!take(parameter, value)) return false;
  }
  return true;
}

std::optional<std::string> FieldParameters::Get(std::string_view name) const {
  std::optional<std::string> found;
  const bool good = ForEach([&](std::string_view parameter, const std::string& value) {
    if (!EqualsIgnoreCase(parameter, name)) return true;
    if (found) return false;
    found = value;
    return true;
  });
  return good ? found : std::nullopt;
}

FieldParameters::Forms FieldParameters::FormsOf(std::string_view name) const {
  Forms forms;
  ForEach([&](std::string_view parameter, const std::string&) {
    if (!EqualsIgnoreCase(parameter.substr(0, name.size()), name)) return true;
    const std::string_view form = parameter.substr(name.size());
    if (form.empty()) {
      ++forms.plain;
    } else if (form == "*") {
      ++forms.extended;
    } else if (form.front() == '*') {
      forms.in_pieces = true;
    }
    return true;
  });
  return forms;
}

std::optional<std::string> DecodeExtended(std::string_view value) {
  const std::size_t charset = std::min(value.find('\''), value.size());
  const std::size_t language = value.find('\'', charset + 1);
  if (language == value.npos || !EqualsIgnoreCase(value.substr(0, charset), "utf-8")) return std::nullopt;
  value.remove_prefix(language + 1);
  const auto escapes = static_cast<std::size_t>(std::count(value.begin(), value.end(), '%'));
  if (DecodedSize(value) + 2 * escapes != value.size()) return std::nullopt;  // one of them is broken
  std::string decoded;
  AppendDecoded(value, decoded);
  if (!IsUtf8(decoded) || !AllAre(decoded, kValueChar)) return std::nullopt;
  return decoded;
}

}  // namespace weft::internal
