// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_ACCESS_LOG_H_
#define WEFT_HANDLERS_MIDDLEWARE_ACCESS_LOG_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/handler.h>

namespace weft {

// What became of one request. Its views live during the call of the log only.
struct AccessRecord {
  std::string peer;
  std::string_view method;
  std::string_view target;   // as it came: escape it before it goes into a line of text
  std::string_view host;
  std::string_view pattern;  // of Mux; empty if none matched
  std::pair<int, int> version;
  int status = 0;            // of the answer; kStatusClientGone if the client did not wait for it
  std::uint64_t bytes = 0;   // of the body, behind all filters
  Duration duration{};       // inside this middleware
  bool aborted = false;      // the answer was broken off or never given
  Error error;               // what the handler returned or threw
};

// Tells `log` of every request when its handler has returned; called in the request's fiber, from
// all loops in parallel. Make it the outermost middleware, so that nothing is missed. What happens
// later, when the server sends the rest of the answer, is not in the record.
Middleware AccessLog(std::function<void(const AccessRecord&)> log);

// The same with one line per request to weft's log (log.h), at level info; never waits for it:
//   192.0.2.7:50123 "GET /hello/anna HTTP/1.1" 200 12 0.184ms
//   192.0.2.7:50124 "GET /feed HTTP/1.1" 200 4096 1502.310ms aborted: context canceled: client gone
Middleware AccessLog();

// The line above, for logs of one's own. Quotes, backslashes and bytes that are not printable ASCII
// are escaped as \xHH.
std::string FormatAccessRecord(const AccessRecord& record);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_ACCESS_LOG_H_
