// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/sniff.h>

#include <array>
#include <cstddef>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

constexpr std::size_t kLookedAt = 512;  // WHATWG MIME Sniffing section 5.2 says 1445; Go and old browsers look at 512

struct Magic {
  std::string_view bytes;
  std::string_view type;
  std::size_t offset = 0;
  std::string_view container = {};  // what the body must begin with, where the offset is not 0
};

using namespace std::string_view_literals;

constexpr Magic kMagic[] = {
    {"\x89PNG\r\n\x1A\n"sv, "image/png"},
    {"\xFF\xD8\xFF"sv, "image/jpeg"},
    {"GIF87a"sv, "image/gif"},
    {"GIF89a"sv, "image/gif"},
    {"WEBPVP"sv, "image/webp", 8, "RIFF"sv},
    {"WAVE"sv, "audio/wave", 8, "RIFF"sv},
    {"\0\0\1\0"sv, "image/x-icon"},
    {"BM"sv, "image/bmp"},
    {"%PDF-"sv, "application/pdf"},
    {"PK\3\4"sv, "application/zip"},
    {"\x1F\x8B\x08"sv, "application/x-gzip"},
    {"\0asm"sv, "application/wasm"},
    {"wOFF"sv, "font/woff"},
    {"wOF2"sv, "font/woff2"},
    {"OggS\0"sv, "application/ogg"},
    {"ID3"sv, "audio/mpeg"},
    {"\x1A\x45\xDF\xA3"sv, "video/webm"},
    {"ftyp"sv, "video/mp4", 4, "\0\0\0"sv},
    {"\xEF\xBB\xBF"sv, "text/plain; charset=utf-8"},
    {"\xFE\xFF"sv, "text/plain; charset=utf-16be"},
    {"\xFF\xFE"sv, "text/plain; charset=utf-16le"},
};

constexpr std::string_view kHtmlTags[] = {
    "<!doctype html", "<html", "<head", "<body", "<script", "<iframe", "<h1", "<div", "<font", "<table", "<a",
    "<style",         "<title", "<b",   "<br",   "<p",
};

bool BeginsWithTag(std::string_view text, std::string_view tag) {
  if (text.size() <= tag.size() || !EqualsIgnoreCase(text.substr(0, tag.size()), tag)) return false;
  const char end = text[tag.size()];
  return end == ' ' || end == '>';
}

// The kind of markup whose tag follows the leading blanks; empty if there is none.
std::string_view MarkupType(std::string_view body) {
  std::size_t at = 0;
  while (at < body.size() && (body[at] == ' ' || (body[at] >= '\t' && body[at] <= '\r' && body[at] != '\v'))) ++at;
  body.remove_prefix(at);
  if (body.empty() || body.front() != '<') return {};
  if (body.starts_with("<!--")) return "text/html; charset=utf-8";
  if (body.starts_with("<?xml")) return "text/xml; charset=utf-8";
  for (std::string_view tag : kHtmlTags) {
    if (BeginsWithTag(body, tag)) return "text/html; charset=utf-8";
  }
  return {};
}

// A control byte that no text contains (WHATWG MIME Sniffing section 3).
constexpr bool IsBinary(unsigned char c) {
  return c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1A) || (c >= 0x1C && c <= 0x1F);
}

// The first bytes of all magic numbers: for most plain responses, the table need not be searched.
constexpr std::array<bool, 256> kFirstBytes = [] {
  std::array<bool, 256> first{};
  for (const Magic& magic : kMagic) {
    first[static_cast<unsigned char>((magic.offset == 0 ? magic.bytes : magic.container).front())] = true;
  }
  return first;
}();

}  // namespace

std::string_view SniffContentType(std::string_view body) {
  body = body.substr(0, kLookedAt);
  if (const std::string_view markup = MarkupType(body); !markup.empty()) return markup;
  if (!body.empty() && kFirstBytes[static_cast<unsigned char>(body.front())]) {
    for (const Magic& magic : kMagic) {
      if (!body.starts_with(magic.container)) continue;
      if (body.size() > magic.offset && body.substr(magic.offset).starts_with(magic.bytes)) return magic.type;
    }
  }
  for (char c : body) {
    if (IsBinary(static_cast<unsigned char>(c))) return "application/octet-stream";
  }
  return "text/plain; charset=utf-8";
}

}  // namespace weft::internal
