// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/routing/strip_prefix.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <weft/handlers/access.h>
#include <weft/http/internal/percent.h>

namespace weft {
namespace {

struct Split {
  std::size_t raw = 0;      // where the rest starts in the path as it came
  std::size_t decoded = 0;  // and in the decoded one
  bool matches = false;
};

// Both paths start with a slash, and so does each segment of them that is compared.
Split SplitAfter(std::string_view prefix, std::string_view raw, std::string_view path) {
  Split at;
  while (!prefix.empty()) {
    const std::size_t prefix_end = std::min(prefix.find('/', 1), prefix.size());
    if (at.raw == raw.size() || raw[at.raw] != '/') return at;
    const std::size_t raw_end = std::min(raw.find('/', at.raw + 1), raw.size());
    const std::size_t size =
        1 + internal::DecodedSize(raw.substr(at.raw + 1, raw_end - at.raw - 1));
    if (path.substr(at.decoded, size) != prefix.substr(0, prefix_end)) return at;
    prefix.remove_prefix(prefix_end);
    at.raw = raw_end;
    at.decoded += size;
  }
  at.matches = true;
  return at;
}

// Puts the path back, also when the handler throws.
class PathScope {
 public:
  PathScope(Request& r, std::string_view path, std::string_view raw_path)
      : r_(r), path_(r.Path()), raw_path_(r.RawPath()) {
    RequestAccess::SetPath(r, path.empty() ? "/" : path, raw_path.empty() ? "/" : raw_path);
  }
  ~PathScope() { RequestAccess::SetPath(r_, path_, raw_path_); }
  PathScope(const PathScope&) = delete;
  PathScope& operator=(const PathScope&) = delete;

 private:
  Request& r_;
  const std::string_view path_;
  const std::string_view raw_path_;
};

}  // namespace

Handler StripPrefix(std::string prefix, Handler handler) {
  if (prefix.size() < 2 || prefix.front() != '/' || prefix.back() == '/') {
    throw std::invalid_argument("StripPrefix \"" + prefix +
                                "\": a prefix starts with a slash and ends without");
  }
  return [prefix = std::move(prefix), handler = std::move(handler)](ResponseWriter& w,
                                                                    Request& r) -> Error {
    const Split at = SplitAfter(prefix, r.RawPath(), r.Path());
    if (!at.matches) return HttpError(404);
    const PathScope scope(r, r.Path().substr(at.decoded), r.RawPath().substr(at.raw));
    return handler(w, r);
  };
}

}  // namespace weft
