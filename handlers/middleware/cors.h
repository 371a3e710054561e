// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_CORS_H_
#define WEFT_HANDLERS_MIDDLEWARE_CORS_H_

#include <chrono>
#include <string>
#include <vector>

#include <weft/handlers/handler.h>

namespace weft {

struct CorsOptions {
  // The origins whose pages may read responses: "https://app.example.com", "https://*.example.com"
  // for any subdomain of it, or "*" alone for all. "null" is rejected: every sandboxed page has
  // that origin.
  std::vector<std::string> origins = {};
  std::vector<std::string> methods = {"GET", "HEAD", "POST"};
  // Request fields that pages may set, in addition to those that they may always set:
  // "Content-Type", "Authorization", "X-Request-Id". "*" alone: whatever the page asks for.
  std::vector<std::string> fields = {};
  // Response fields that pages may read, in addition to those that they may always read.
  std::vector<std::string> exposed = {};
  // Whether requests may carry cookies and HTTP authentication. The origins must then be named.
  bool credentials = false;
  // How long a browser may remember a preflight. Browsers limit it to two hours, or a day.
  std::chrono::seconds max_age{600};
};

// Lets pages of other origins read responses (Fetch standard, section 3.2). It protects nothing
// else: a page may still send requests whose responses it may not read (CrossOriginProtection
// rejects those).
//
// A preflight, which is OPTIONS with Origin and Access-Control-Request-Method, is handled here: the
// response is 204 for an allowed origin and 403 for others. So put it outside of authentication and
// around the Mux, by Mux::Use, because no route matches OPTIONS. All other requests are passed on.
// If their origin is allowed, the response says so, including error responses. Vary says what it
// depends on. Throws std::invalid_argument, which names the invalid text.
//
//   mux.Use(weft::Cors({.origins = {"https://app.example.com"}, .fields = {"Content-Type"}}));
Middleware Cors(CorsOptions options);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_CORS_H_
