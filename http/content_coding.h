// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_CONTENT_CODING_H_
#define WEFT_HTTP_CONTENT_CODING_H_

#include <initializer_list>
#include <span>
#include <string_view>

#include <weft/http/fields.h>

namespace weft {

// Chooses the content coding of a response (RFC 9110 section 12.5.3): the one of `offered` that the
// Accept-Encoding of `request` prefers, and among equals the first of `offered`. Empty means that
// the response should be sent as it is: there is no Accept-Encoding, nothing that is offered is
// acceptable, or the client prefers "identity". Case does not matter, and "x-gzip" in the request
// means gzip. The result is an element of `offered`. The response now depends on the field: see
// AddVary.
//
//   if (weft::ChooseCoding(r.Header(), {"br", "gzip"}) == "br") SendBrotli(w);
std::string_view ChooseCoding(const Fields& request, std::span<const std::string_view> offered);
std::string_view ChooseCoding(const Fields& request,
                              std::initializer_list<std::string_view> offered);

// Declares that the response depends on this field of the request, so that caches keep one response
// for each of its values (RFC 9110 section 12.5.5). Adds the name to Vary, unless it or "*" is
// already there.
void AddVary(Fields& response, std::string_view field_name);

}  // namespace weft

#endif  // WEFT_HTTP_CONTENT_CODING_H_
