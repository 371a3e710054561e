// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_DATE_H_
#define WEFT_HTTP_DATE_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weft {

// Dates in fields (RFC 9110 section 5.6.7): always UTC, in whole seconds. The functions never
// suspend, and may be called from any thread.

// Returns the form to send, IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT". Empty for a time outside
// of the years 1 to 9999, which this form cannot represent.
//
//   w.Header().Set("Expires", weft::FormatHttpDate(when));
std::string FormatHttpDate(std::chrono::sys_seconds time);

// Reads any of the three forms that a recipient must accept:
//   Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
//   Sunday, 06-Nov-94 08:49:37 GMT     RFC 850
//   Sun Nov  6 08:49:37 1994           asctime
// Anything else is not a date, including a day that its month does not have. The day of the week is
// read but not checked. A two-digit year is in the century of `now`, or in the one before if the
// date would be more than 50 years after `now`.
std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text,
                                                      std::chrono::sys_seconds now);

// The same, with the system's clock.
std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text);

}  // namespace weft

#endif  // WEFT_HTTP_DATE_H_
