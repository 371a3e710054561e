// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/security_headers.h>

#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace weft {
namespace {

struct Line {
  std::string_view name;
  std::string value;
  bool over_tls_only = false;
};

std::vector<Line> LinesOf(SecurityHeadersOptions options) {
  std::vector<Line> lines;
  const auto add = [&lines](std::string_view name, std::string value, bool over_tls_only) {
    if (value.empty()) return;
    Fields check;
    if (!check.Set(name, value)) {
      throw std::invalid_argument("SecurityHeaders: " + std::string(name) + " has a control character");
    }
    lines.push_back({name, std::move(value), over_tls_only});
  };
  add("X-Content-Type-Options", std::move(options.content_type_options), false);
  add("X-Frame-Options", std::move(options.frame_options), false);
  add("Referrer-Policy", std::move(options.referrer_policy), false);
  add("Cross-Origin-Opener-Policy", std::move(options.opener_policy), false);
  add("Content-Security-Policy", std::move(options.content_security_policy), false);
  add("Permissions-Policy", std::move(options.permissions_policy), false);
  if (options.hsts_max_age > std::chrono::seconds::zero()) {
    const char* below = options.hsts_subdomains ? "; includeSubDomains" : "";
    add("Strict-Transport-Security",
        "max-age=" + std::to_string(options.hsts_max_age.count()) + below, true);
  }
  return lines;
}

}  // namespace

Middleware SecurityHeaders(SecurityHeadersOptions options) {
  return [lines = std::make_shared<const std::vector<Line>>(LinesOf(std::move(options)))](
             Handler next) -> Handler {
    return [lines, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      for (const Line& line : *lines) {
        if (!line.over_tls_only || r.Secure()) w.Header().Set(line.name, line.value);
      }
      return next(w, r);
    };
  };
}

}  // namespace weft
