// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_CORS_H_
#define WEFT_HANDLERS_MIDDLEWARE_CORS_H_

#include <chrono>
#include <string>
#include <vector>

#include <weft/handlers/handler.h>

namespace weft {

struct CorsOptions {
  // Whose pages may read responses: "https://app.example.com", "https://*.example.com" for any
  // subdomain of it, or "*" alone for all. "null" is no origin: every sandboxed page has it.
  std::vector<std::string> origins = {};
  std::vector<std::string> methods = {"GET", "HEAD", "POST"};
  // Request fields that pages may set beyond those that they may always set: "Content-Type",
  // "Authorization", "X-Request-Id". "*" alone: those that the page asks for.
  std::vector<std::string> fields = {};
  // Response fields that pages may read beyond those that they may always read.
  std::vector<std::string> exposed = {};
  // Lets requests carry cookies and HTTP authentication. Origins are named then.
  bool credentials = false;
  // For how long a browser may remember a preflight; it takes at most two hours, or a day.
  std::chrono::seconds max_age{600};
};

// Lets pages of other origins read responses (Fetch standard, section 3.2). It protects nobody
// else: what a page may not read, it may still have sent (CrossOriginProtection rejects that).
//
// A preflight, OPTIONS with Origin and Access-Control-Request-Method, is responded to here, with
// 204 for origins that are allowed and 403 for others, so put it outside of authentication and
// around the Mux, by Mux::Use: no route matches OPTIONS. All other requests go on; if their origin
// is allowed, the response says so, that of an error too. Vary says what it depends on. Throws
// std::invalid_argument, which names the text that is wrong.
//
//   mux.Use(weft::Cors({.origins = {"https://app.example.com"}, .fields = {"Content-Type"}}));
Middleware Cors(CorsOptions options);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_CORS_H_
