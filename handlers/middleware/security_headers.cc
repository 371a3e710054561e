// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/security_headers.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <weft/http/internal/prepared_fields.h>

namespace weft {
namespace {

// Those for a request in plain text, and those for one over TLS.
struct Lines {
  internal::PreparedFields plain;
  internal::PreparedFields secure;
};

Lines LinesOf(const SecurityHeadersOptions& options) {
  Lines lines;
  const auto add = [](internal::PreparedFields& to, std::string_view name, std::string_view value) {
    if (!value.empty() && !to.Add(name, value)) {
      throw std::invalid_argument("SecurityHeaders: " + std::string(name) + " has a control character");
    }
  };
  for (internal::PreparedFields* to : {&lines.plain, &lines.secure}) {
    add(*to, "X-Content-Type-Options", options.content_type_options);
    add(*to, "X-Frame-Options", options.frame_options);
    add(*to, "Referrer-Policy", options.referrer_policy);
    add(*to, "Cross-Origin-Opener-Policy", options.opener_policy);
    add(*to, "Content-Security-Policy", options.content_security_policy);
    add(*to, "Permissions-Policy", options.permissions_policy);
  }
  if (options.hsts_max_age > std::chrono::seconds::zero()) {
    const char* below = options.hsts_subdomains ? "; includeSubDomains" : "";
    add(lines.secure, "Strict-Transport-Security",
        "max-age=" + std::to_string(options.hsts_max_age.count()) + below);
  }
  return lines;
}

}  // namespace

Middleware SecurityHeaders(SecurityHeadersOptions options) {
  return [lines = std::make_shared<const Lines>(LinesOf(options))](Handler next) -> Handler {
    return [lines, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      (r.Secure() ? lines->secure : lines->plain).SetIn(w.Header());
      return next(w, r);
    };
  };
}

}  // namespace weft
