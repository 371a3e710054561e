// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ROUTING_REDIRECT_H_
#define WEFT_HANDLERS_ROUTING_REDIRECT_H_

#include <string_view>

#include <weft/handlers/response_writer.h>

namespace weft {

// Responds with a redirect: `status`, with `target` as Location and without a body. The target may
// be relative (RFC 9110 section 10.2.2). Bytes that are not allowed in a URI are percent-encoded,
// including the backslash, which browsers take for a slash. 307 and 308 keep the method; 303
// changes it to GET. Aborts the process if `status` is not in 300..399.
//
//   return weft::Redirect(w, "/orders/17", 303);
Error Redirect(ResponseWriter& w, std::string_view target, int status);

}  // namespace weft

#endif  // WEFT_HANDLERS_ROUTING_REDIRECT_H_
