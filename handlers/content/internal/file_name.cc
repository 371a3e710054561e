// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/file_name.h>

#include <cstddef>

namespace weft::internal {
namespace {

bool MayBeServed(std::string_view segment, bool is_first, bool hidden) {
  if (segment.empty() || segment == "." || segment == "..") return false;
  if (segment.find('\0') != std::string_view::npos) return false;
  return hidden || segment.front() != '.' || (is_first && segment == ".well-known");
}

bool AllMayBeServed(std::string_view name, bool hidden) {
  for (bool is_first = true;; is_first = false) {
    const std::size_t slash = name.find('/');
    if (!MayBeServed(name.substr(0, slash), is_first, hidden)) return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

}  // namespace

std::optional<std::string> FileNameOf(std::string_view path, std::string_view prefix,
                                      std::string_view index, bool hidden) {
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (path.empty()) return ".";
  if (path.front() != '/') return std::nullopt;
  path.remove_prefix(1);
  // The index may have a hidden name: the program has chosen it.
  const bool is_folder = path.empty() || path.ends_with('/');
  if (is_folder && index.empty()) return std::nullopt;
  if (path.empty()) return std::string(index);
  if (is_folder) path.remove_suffix(1);
  if (!AllMayBeServed(path, hidden)) return std::nullopt;
  std::string name(path);
  if (is_folder) name.append("/").append(index);
  return name;
}

}  // namespace weft::internal
