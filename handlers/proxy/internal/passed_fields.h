// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_PROXY_INTERNAL_PASSED_FIELDS_H_
#define WEFT_HANDLERS_PROXY_INTERNAL_PASSED_FIELDS_H_

#include <string_view>

#include <weft/handlers/request.h>
#include <weft/http/fields.h>

namespace weft::internal {

// Adds the fields that may be passed on, which are all but those of one connection: Connection and what it names, and its kin (RFC 9110
// section 7.6.1), and those of the framing.
void PassFields(const Fields& from, Fields& to);

// The trailers of a request: never what the proxy itself says.
void PassRequestTrailers(const Fields& from, Fields& to);

// The fields of a request to an upstream: what may be passed on, and who the client is.
void PassRequestFields(const Request& r, Fields& to);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_PROXY_INTERNAL_PASSED_FIELDS_H_
