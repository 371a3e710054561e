// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_CONDITIONAL_H_
#define WEFT_HTTP_CONDITIONAL_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include <weft/http/fields.h>

namespace weft {

// Conditional requests (RFC 9110 section 13): a client says for which version of a resource its
// request is meant. Pure functions; ServeContent (handlers/content/) uses them for responses to GET
// and HEAD, and handlers that change something guard it against lost updates with them:
//
//   const weft::Validators current{.etag = note.etag, .exists = note.exists};
//   if (weft::CheckPreconditions(r.Method(), r.Header(), current) == weft::Precondition::kFailed) {
//     return weft::HttpError(412);
//   }

// What is known of the current version of a resource.
struct Validators {
  std::string_view etag = {};  // as the ETag field tells it, quoted; empty: none
  std::optional<std::chrono::sys_seconds> modified = {};  // as Last-Modified tells it
  bool exists = true;  // false: there is nothing yet, and PUT would make it
};

enum class Precondition : std::uint8_t {
  kProceed,
  kNotModified,  // to GET and HEAD: 304, without a body
  kFailed,       // 412, and nothing is done
};

// Looks at If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of RFC
// 9110 section 13.2.2. Only where the response without them would be 2xx, and not for CONNECT,
// OPTIONS and TRACE (these always proceed). A date that is none, or comes twice, is no condition; a
// list of tags that is not well-formed ends where it goes wrong.
Precondition CheckPreconditions(std::string_view method, const Fields& request,
                                const Validators& current);

// Whether Range is to be looked at: there is no If-Range, or it names the current version by a
// strong entity tag, or by exactly the date of Last-Modified (RFC 9110 section 13.1.5). Where the
// current tag is weak the date is too: what changes without its tag may do so within a second.
bool RangeIsForCurrent(const Fields& request, const Validators& current);

}  // namespace weft

#endif  // WEFT_HTTP_CONDITIONAL_H_
