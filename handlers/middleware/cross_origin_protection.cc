// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/cross_origin_protection.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include <weft/handlers/middleware/internal/origin.h>
#include <weft/handlers/routing/internal/clean_path.h>
#include <weft/handlers/routing/internal/pattern.h>
#include <weft/handlers/routing/internal/route_tree.h>
#include <weft/http/internal/text.h>

namespace weft {
namespace {

class Rule {
 public:
  explicit Rule(CrossOriginOptions options) : trusted_(std::move(options.trusted)) {
    internal::CheckOrigins("CrossOriginProtection", trusted_);
    for (std::string& pattern : options.bypass) {
      bypass_.Add(internal::ParsePattern(std::move(pattern)), [](ResponseWriter&, Request&) {});
    }
  }

  // No browser sends several fields of one name, so none of them may help.
  Error Check(const Request& r) const {
    const std::string_view method = r.Method();
    if (method == "GET" || method == "HEAD" || method == "OPTIONS") return {};
    const std::vector<std::string_view> sites = r.Header().Values("Sec-Fetch-Site");
    const std::vector<std::string_view> origins = r.Header().Values("Origin");
    if (!sites.empty()) {
      if (sites.size() == 1 && (sites[0] == "same-origin" || sites[0] == "none")) return {};
    } else {
      if (origins.empty()) return {};
      const bool same =
          origins.size() == 1 &&
          internal::EqualsIgnoreCase(internal::ParseOrigin(origins[0]).authority, r.Host());
      if (same && !r.Host().empty()) return {};
    }
    if (IsTrusted(origins) || IsOpen(r)) return {};
    return HttpError(403, "cross-origin request");
  }

 private:
  bool IsTrusted(const std::vector<std::string_view>& origins) const {
    return origins.size() == 1 &&
           std::find(trusted_.begin(), trusted_.end(), origins[0]) != trusted_.end();
  }

  bool IsOpen(const Request& r) const {
    const std::string_view raw = r.RawPath();
    if (raw.empty() || raw.front() != '/' || !internal::IsCleanPath(raw)) return false;
    internal::RouteMatch match;
    return bypass_.Find({r.Method(), r.Host(), raw, r.Path()}, match);
  }

  const std::vector<std::string> trusted_;
  internal::RouteTree bypass_;
};

}  // namespace

Middleware CrossOriginProtection(CrossOriginOptions options) {
  return [rule = std::make_shared<const Rule>(std::move(options))](Handler next) -> Handler {
    return [rule, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      if (Error err = rule->Check(r)) return err;
      return next(w, r);
    };
  };
}

}  // namespace weft
