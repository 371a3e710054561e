// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/metric_text.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <weft/http/internal/utf8.h>

namespace weft::internal {
namespace {

bool IsWord(std::string_view text, bool colons) {
  const auto letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
  };
  const auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), part);
}

// In a HELP line quotes are as they are.
void AppendEscaped(std::string_view text, bool quotes, std::string& out) {
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 0) {
      out += kReplacementCharacter;
    } else if (text[0] == '\n') {
      out += "\\n";
    } else {
      if (text[0] == '\\' || (quotes && text[0] == '"')) out += '\\';
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

void AppendName(std::string_view name, std::string_view suffix, std::string_view labels, std::string& out) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out += ' ';
}

}  // namespace

bool IsMetricName(std::string_view name) { return IsWord(name, true); }
bool IsLabelName(std::string_view name) { return IsWord(name, false) && !name.starts_with("__"); }

void AppendMetricHead(std::string_view name, std::string_view help, std::string_view type, std::string& out) {
  out.append("# HELP ").append(name).append(" ");
  AppendEscaped(help, false, out);
  out.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

std::string FormatLabels(std::span<const std::string> names, std::span<const std::string_view> values) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += ',';
    out.append(names[i]).append("=\"");
    AppendEscaped(values[i], true, out);
    out += '"';
  }
  return out;
}

void AppendSample(std::string_view name, std::string_view suffix, std::string_view labels, std::uint64_t value, std::string& out) {
  AppendName(name, suffix, labels, out);
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
  out += '\n';
}

void AppendSample(std::string_view name, std::string_view suffix, std::string_view labels, double value, std::string& out) {
  AppendName(name, suffix, labels, out);
  AppendReal(value, out);
  out += '\n';
}

void AppendReal(double value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char digits[32];
    out.append(digits, std::to_chars(digits, digits + sizeof(digits), value).ptr);
  }
}

}  // namespace weft::internal
