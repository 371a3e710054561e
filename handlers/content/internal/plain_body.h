// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_PLAIN_BODY_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_PLAIN_BODY_H_

#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>

namespace weft::internal {

// 415 if the body has a content coding (Content-Encoding: gzip), which is not decoded here (RFC 9110 section 15.5.16). Without
// this check, compressed bytes could be read as a form.
Error CheckPlain(const Request& r);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_PLAIN_BODY_H_
