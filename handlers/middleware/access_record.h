// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_ACCESS_RECORD_H_
#define WEFT_HANDLERS_MIDDLEWARE_ACCESS_RECORD_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/error.h>

namespace weft {

// What became of one request. Its views live during the call of the log only. What clients have
// sent is as it came: escape it before it goes into a line of text.
struct AccessRecord {
  std::chrono::system_clock::time_point time;  // at which the request came to the middleware
  std::string peer;
  std::string_view id;  // of RequestId; empty without
  std::string_view method;
  std::string_view target;  // with its query
  std::string_view host;
  std::string_view pattern;  // of Mux; empty if none matched
  std::string_view referer;
  std::string_view user_agent;
  std::pair<int, int> version;
  int status = 0;           // of the answer; kStatusClientGone if the client did not wait for it
  std::uint64_t bytes = 0;  // of the body, behind all filters
  Duration duration{};      // inside this middleware
  bool aborted = false;     // the answer was broken off or never given
  Error error;              // what the handler returned or threw
};

enum class AccessFormat : std::uint8_t {
  kText,      // weft's own, for people: 192.0.2.7:50123 "GET /hello/anna HTTP/1.1" 200 12 0.184ms
  kCommon,    // the Common Log Format: 192.0.2.7 - - [29/Nov/2026:10:23:11 +0000] "GET /..." 200 12
  kCombined,  // the same with Referer and User-Agent, each in quotes
  kJson,      // an object of JSON; what is empty is left out
};

// One line for a record, without an end of line. Queries are left out, since they hold names,
// tokens and searches, unless `query` is true; in Referer likewise. Whatever clients send, it is
// one line of its format: quotes, backslashes and bytes that are not printable ASCII are \xHH, in
// JSON escapes.
std::string FormatAccessRecord(const AccessRecord& record,
                               AccessFormat format = AccessFormat::kText, bool query = false);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_ACCESS_RECORD_H_
