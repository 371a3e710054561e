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

// The outcome of one request. Its views are valid only while the log is called. What clients have
// sent is unchanged: escape it before it goes into a line of text.
//
//   mux.Use(weft::AccessLog([](const weft::AccessRecord& record) {
//     if (record.status < 500) return;
//     weft::LogLine(weft::LogLevel::kError, weft::FormatAccessRecord(record));
//   }));
struct AccessRecord {
  std::chrono::system_clock::time_point time;  // when the request reached the middleware
  std::string peer;
  std::string_view id;  // of RequestId; empty without it
  std::string_view method;
  std::string_view target;  // including its query
  std::string_view host;
  std::string_view pattern;  // of Mux; empty if none matched
  std::string_view user;     // of BasicAuth or BearerAuth; empty without them
  std::string_view referer;
  std::string_view user_agent;
  std::pair<int, int> version;
  int status = 0;           // Of the response; kStatusClientGone if the client did not wait for it.
  std::uint64_t bytes = 0;  // Of the body, after all filters, as passed on for sending; HEAD: 0.
  Duration duration{};      // from the middleware until the response was complete
  bool aborted = false;     // the response was broken off, or never sent
  Error error;              // what the handler returned or threw, or why the response failed
};

enum class AccessFormat : std::uint8_t {
  kText,      // Weft's own, for people: 192.0.2.7:50123 "GET /hello/anna HTTP/1.1" 200 12 0.184ms
  kCommon,    // The Common Log Format: 192.0.2.7 - anna [29/Nov/2026:10:23:11 +0000] "..." 200 12
  kCombined,  // The same with Referer and User-Agent, each in quotes.
  kJson,      // A JSON object; empty values are left out.
};

// Formats a record as one line, without a line feed. Queries are left out, because they contain
// names, tokens and searches, unless `query` is true; in Referer as well. Whatever clients send,
// the result is one valid line of its format: quotes, backslashes and bytes that are not printable
// ASCII become \xHH, as do blanks in the name of a user, or escapes in JSON.
std::string FormatAccessRecord(const AccessRecord& record,
                               AccessFormat format = AccessFormat::kText, bool query = false);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_ACCESS_RECORD_H_
