// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_PLAIN_BODY_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_PLAIN_BODY_H_

#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>

namespace weft::internal {

// 415 if the body comes in a coding (Content-Encoding: gzip), which is not decoded here (RFC 9110 section 15.5.16). Without
// this check a form could be read out of compressed bytes.
Error CheckPlain(const Request& r);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_PLAIN_BODY_H_
