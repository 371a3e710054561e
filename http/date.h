// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_DATE_H_
#define WEFT_HTTP_DATE_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weft {

// Dates in fields (RFC 9110 section 5.6.7): always UTC, in whole seconds. Neither function
// suspends; both may be called from any thread.

// The form that is sent, IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT". Empty for a time outside of
// the years 1 to 9999, which the form cannot tell.
//
//   w.Header().Set("Expires", weft::FormatHttpDate(when));
std::string FormatHttpDate(std::chrono::sys_seconds time);

// Reads any of the three forms that a recipient has to take:
//   Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
//   Sunday, 06-Nov-94 08:49:37 GMT     RFC 850
//   Sun Nov  6 08:49:37 1994           asctime
// Anything else is no date, also a day that its month does not have. The name of the day is read
// and not compared with the date. A year of two digits is one of the century of `now`, or of the
// century before where the date would be more than 50 years after `now`.
std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text,
                                                      std::chrono::sys_seconds now);

// The same, with the clock of the system.
std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text);

}  // namespace weft

#endif  // WEFT_HTTP_DATE_H_
