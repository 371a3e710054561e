// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_CONDITIONAL_H_
#define WEFT_HTTP_CONDITIONAL_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include <weft/http/fields.h>

namespace weft {

// Conditional requests (RFC 9110 section 13): a client says to which version of a resource its
// request applies. These are pure functions. ServeContent (handlers/content/) uses them for
// responses to GET and HEAD. Handlers that change something use them to prevent lost updates:
//
//   const weft::Validators current{.etag = note.etag, .exists = note.exists};
//   if (weft::CheckPreconditions(r.Method(), r.Header(), current) == weft::Precondition::kFailed) {
//     return weft::HttpError(412);
//   }

// What is known about the current version of a resource.
struct Validators {
  std::string_view etag = {};  // as in the ETag field, quoted; empty: none
  std::optional<std::chrono::sys_seconds> modified = {};  // as in Last-Modified
  bool exists = true;  // false: it does not exist yet, and PUT would create it
};

enum class Precondition : std::uint8_t {
  kProceed,
  kNotModified,  // respond to GET and HEAD with 304, without a body
  kFailed,       // respond with 412, and change nothing
};

// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in the order of RFC
// 9110 section 13.2.2. Call it only if the response would otherwise be 2xx. For CONNECT, OPTIONS
// and TRACE the result is always kProceed. A date that is invalid, or that occurs twice, is no
// condition. A list of tags that is malformed ends at the mistake.
Precondition CheckPreconditions(std::string_view method, const Fields& request,
                                const Validators& current);

// Whether to honor Range: there is no If-Range, or it names the current version by a strong entity
// tag, or by exactly the date of Last-Modified (RFC 9110 section 13.1.5). If the current tag is
// weak, the date counts as weak too: what can change without a new tag may do so within a second.
bool RangeIsForCurrent(const Fields& request, const Validators& current);

}  // namespace weft

#endif  // WEFT_HTTP_CONDITIONAL_H_
