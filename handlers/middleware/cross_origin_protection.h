// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_CROSS_ORIGIN_PROTECTION_H_
#define WEFT_HANDLERS_MIDDLEWARE_CROSS_ORIGIN_PROTECTION_H_

#include <string>
#include <vector>

#include <weft/handlers/handler.h>

namespace weft {

struct CrossOriginOptions {
  // The origins whose pages may send anything: "https://login.example.com". Compared exactly.
  std::vector<std::string> trusted = {};
  // Mux patterns of what is open to all pages: "POST /hooks/{name}". A path that a Mux would
  // redirect matches none.
  std::vector<std::string> bypass = {};
};

// Rejects with 403 the requests that a page of another origin makes a browser send in its user's
// name (CSRF), without tokens and cookies. It relies on Sec-Fetch-Site, which all browsers have
// sent since 2023, and otherwise on Origin. The rule is that of Go's http.CrossOriginProtection:
//   GET, HEAD, OPTIONS                               pass: handlers of these must change nothing
//   Sec-Fetch-Site: same-origin or none              pass
//   Sec-Fetch-Site: anything else                    only from `trusted`, or for `bypass`
//   no Sec-Fetch-Site, and Origin names the Host     pass
//   no Sec-Fetch-Site, and Origin is another one     only from `trusted`, or for `bypass`
//   neither field                                    pass: not a browser, or one older than 2020
// Throws std::invalid_argument, which names the invalid origin or pattern.
//
//   mux.Use(weft::CrossOriginProtection());
Middleware CrossOriginProtection(CrossOriginOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_CROSS_ORIGIN_PROTECTION_H_
