// SPDX-License-Identifier: Apache-2.0
#include <weft/http/media_type.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/file_types.h>
#include <weft/http/internal/sniff.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

using internal::Is;
using internal::IsToken;

constexpr std::size_t kParametersMax = 32;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), internal::ToLower);
  return lower;
}

// Takes the token at the front, which may be empty.
std::string_view TakeToken(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && Is(text[size], internal::kTokenChar)) ++size;
  const std::string_view token = text.substr(0, size);
  text.remove_prefix(size);
  return token;
}

// RFC 9110 section 5.6.4. `text` begins with the quote.
bool TakeQuoted(std::string_view& text, std::string& value) {
  std::size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && ++at == text.size()) return false;
    if (!Is(text[at], internal::kValueChar)) return false;
    value += text[at];
  }
  if (at >= text.size()) return false;
  text.remove_prefix(at + 1);
  return true;
}

// name=value, without blanks around the equals sign (RFC 9110 section 5.6.6).
bool TakeParameter(std::string_view& text, MediaType::NameValue& parameter) {
  parameter.name = Lower(TakeToken(text));
  if (parameter.name.empty() || !text.starts_with('=')) return false;
  text.remove_prefix(1);
  if (text.starts_with('"')) return TakeQuoted(text, parameter.value);
  parameter.value = TakeToken(text);
  return !parameter.value.empty();
}

bool TakeParameters(std::string_view text, MediaType& type) {
  for (;;) {
    text = internal::TrimBlanks(text);
    if (text.empty()) return true;
    if (!text.starts_with(';')) return false;
    text = internal::TrimBlanks(text.substr(1));
    if (text.empty() || text.starts_with(';')) continue;  // an empty parameter
    MediaType::NameValue parameter;
    if (type.parameters.size() == kParametersMax || !TakeParameter(text, parameter)) return false;
    if (type.Parameter(parameter.name)) return false;
    type.parameters.push_back(std::move(parameter));
  }
}

void AppendQuoted(std::string_view value, std::string& text) {
  text += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  text += '"';
}

}  // namespace

std::optional<std::string_view> MediaType::Parameter(std::string_view name) const {
  for (const NameValue& parameter : parameters) {
    if (parameter.name == name) return parameter.value;
  }
  return std::nullopt;
}

std::string MediaType::Format() const {
  std::string text = essence;
  for (const auto& [name, value] : parameters) {
    text.append("; ").append(name).append("=");
    if (IsToken(value)) {
      text += value;
    } else {
      AppendQuoted(value, text);
    }
  }
  return text;
}

std::optional<MediaType> ParseMediaType(std::string_view text) {
  text = internal::TrimBlanks(text);
  const std::string_view all = text;
  const std::string_view type = TakeToken(text);
  if (type.empty() || !text.starts_with('/')) return std::nullopt;
  text.remove_prefix(1);
  const std::string_view subtype = TakeToken(text);
  if (subtype.empty()) return std::nullopt;
  MediaType result;
  result.essence = Lower(all.substr(0, type.size() + 1 + subtype.size()));
  if (!TakeParameters(text, result)) return std::nullopt;
  return result;
}

std::string_view MediaTypeOfName(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  return dot == std::string_view::npos ? std::string_view()
                                       : internal::TypeOfEnding(file_name.substr(dot + 1));
}

std::string_view DetectContentType(std::string_view first_bytes) {
  return internal::SniffContentType(first_bytes);
}

bool IsCompressible(std::string_view content_type) {
  constexpr std::string_view kOthers[] = {"application/javascript",
                                          "application/json",
                                          "application/manifest+json",
                                          "application/wasm",
                                          "application/x-javascript",
                                          "application/x-ndjson",
                                          "application/x-tar",
                                          "application/xml",
                                          "application/rtf",
                                          "application/vnd.ms-fontobject",
                                          "font/otf",
                                          "font/ttf",
                                          "image/bmp",
                                          "image/x-icon"};
  const std::string type =
      Lower(internal::TrimBlanks(content_type.substr(0, content_type.find(';'))));
  if (type.starts_with("text/")) return type != "text/event-stream";
  if (type.ends_with("+json") || type.ends_with("+xml")) return true;
  return std::find(std::begin(kOthers), std::end(kOthers), type) != std::end(kOthers);
}

}  // namespace weft
