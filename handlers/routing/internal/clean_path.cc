// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/internal/clean_path.h>

#include <algorithm>
#include <cstddef>

#include <weft/http/internal/percent.h>

namespace weft::internal {
namespace {

// How many dots the segment consists of, if it is "." or ".." in any spelling; else 0.
std::size_t Dots(std::string_view segment) {
  if (segment.empty() || segment.size() > 6 || (segment[0] != '.' && segment[0] != '%')) return 0;
  std::string decoded;
  AppendDecoded(segment, decoded);
  return decoded == "." || decoded == ".." ? decoded.size() : 0;
}

std::string_view SegmentAfter(std::string_view raw, std::size_t slash) {
  return raw.substr(slash + 1, raw.find('/', slash + 1) - slash - 1);
}

}  // namespace

bool IsCleanPath(std::string_view raw) noexcept {
  for (std::size_t slash = 0; slash != std::string_view::npos; slash = raw.find('/', slash + 1)) {
    if (slash + 1 == raw.size()) return true;
    const char next = raw[slash + 1];
    if (next == '/') return false;
    if ((next == '.' || next == '%') && Dots(SegmentAfter(raw, slash)) > 0) return false;
  }
  return true;
}

std::string CleanPath(std::string_view raw) {
  std::string clean;
  bool slash_behind = false;
  for (std::size_t slash = 0; slash < raw.size();) {
    const std::string_view segment = SegmentAfter(raw, slash);
    const std::size_t dots = Dots(segment);
    if (dots == 2) clean.resize(std::min(clean.rfind('/'), clean.size()));
    if (dots == 0 && !segment.empty()) clean.append("/").append(segment);
    slash_behind = dots > 0 || segment.empty();
    slash += 1 + segment.size();
  }
  if (slash_behind || clean.empty()) clean += '/';
  return clean;
}

}  // namespace weft::internal
