// SPDX-License-Identifier: Apache-2.0
#include <weft/http/media_type.h>

#include <algorithm>
#include <cstddef>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/sniff.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

using internal::Is;
using internal::IsToken;

constexpr std::size_t kParametersMax = 32;

struct Row {
  std::string_view ending;
  std::string_view type;
};

// In order of the endings.
constexpr Row kTypes[] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"apng", "image/apng"},
    {"avif", "image/avif"},
    {"bin", "application/octet-stream"},
    {"bmp", "image/bmp"},
    {"br", "application/x-brotli"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eot", "application/vnd.ms-fontobject"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"ics", "text/calendar; charset=utf-8"},
    {"jar", "application/java-archive"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"jxl", "image/jxl"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"m4v", "video/mp4"},
    {"map", "application/json"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpd", "application/dash+xml"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"rss", "application/rss+xml"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"ts", "video/mp2t"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "text/xml; charset=utf-8"},
    {"xz", "application/x-xz"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};
static_assert(std::is_sorted(std::begin(kTypes), std::end(kTypes), [](const Row& a, const Row& b) { return a.ending < b.ending; }));
constexpr std::size_t kEndingMax = 11;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), internal::ToLower);
  return lower;
}

// Takes the token in front, which may be empty.
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
  if (dot == std::string_view::npos) return {};
  const std::string_view ending = file_name.substr(dot + 1);
  if (ending.empty() || ending.size() > kEndingMax) return {};
  char lower[kEndingMax];
  std::transform(ending.begin(), ending.end(), lower, internal::ToLower);
  const std::string_view key(lower, ending.size());
  const Row* const row = std::lower_bound(std::begin(kTypes), std::end(kTypes), key,
                                          [](const Row& a, std::string_view b) { return a.ending < b; });
  return row != std::end(kTypes) && row->ending == key ? row->type : std::string_view();
}

std::string_view DetectContentType(std::string_view first_bytes) { return internal::SniffContentType(first_bytes); }

}  // namespace weft
