// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_CONTENT_CODING_H_
#define WEFT_HTTP_CONTENT_CODING_H_

#include <initializer_list>
#include <span>
#include <string_view>

#include <weft/http/fields.h>

namespace weft {

// Chooses the content coding of a response (RFC 9110 section 12.5.3): that of `offered` which the
// Accept-Encoding of `request` wants most; of equals, the first of `offered`. Empty if the response
// shall go as it is: without Accept-Encoding, when nothing that is offered is acceptable, and when
// the client wants "identity" more. Case does not matter; "x-gzip" in the request stands for gzip.
// The result is an element of `offered`. The response then depends on the field: see AddVary.
//
//   if (weft::ChooseCoding(r.Header(), {"br", "gzip"}) == "br") ...
std::string_view ChooseCoding(const Fields& request, std::span<const std::string_view> offered);
std::string_view ChooseCoding(const Fields& request,
                              std::initializer_list<std::string_view> offered);

// Says that the response depends on this field of the request: caches keep one response for each of
// its values (RFC 9110 section 12.5.5). Adds the name to Vary, unless it is there, or "*".
void AddVary(Fields& response, std::string_view field_name);

}  // namespace weft

#endif  // WEFT_HTTP_CONTENT_CODING_H_
