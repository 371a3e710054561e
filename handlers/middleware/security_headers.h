// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_SECURITY_HEADERS_H_
#define WEFT_HANDLERS_MIDDLEWARE_SECURITY_HEADERS_H_

#include <chrono>
#include <string>

#include <weft/handlers/handler.h>

namespace weft {

// A field whose text is empty is left out.
struct SecurityHeadersOptions {
  std::string content_type_options = "nosniff";                     // X-Content-Type-Options
  std::string frame_options = "DENY";                               // X-Frame-Options
  std::string referrer_policy = "strict-origin-when-cross-origin";  // Referrer-Policy
  std::string opener_policy = "same-origin";                        // Cross-Origin-Opener-Policy
  std::string content_security_policy = {};                         // Content-Security-Policy
  std::string permissions_policy = {};                              // Permissions-Policy
  // Strict-Transport-Security (RFC 6797), sent only over TLS (Request::Secure): for this long
  // browsers use nothing else for the host, and this cannot be undone. Zero: not sent.
  std::chrono::seconds hsts_max_age{0};
  bool hsts_subdomains = false;
};

// Sets the fields by which browsers protect the users of a site. They are set before the handler
// runs, which may replace them, and are also in error responses. Throws std::invalid_argument for a
// text that is not a valid field value.
//
//   mux.Use(weft::SecurityHeaders({.content_security_policy = "default-src 'self'"}));
Middleware SecurityHeaders(SecurityHeadersOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_SECURITY_HEADERS_H_
