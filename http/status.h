// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_STATUS_H_
#define WEFT_HTTP_STATUS_H_

#include <string_view>

namespace weft {

// "Not Found" for 404; empty for a status that is not registered (IANA HTTP Status Code Registry).
std::string_view ReasonPhrase(int status) noexcept;

// Whether an answer of this status has content: not 1xx, 204 and 304 (RFC 9110 section 6.4.1).
constexpr bool StatusAllowsBody(int status) noexcept { return status >= 200 && status != 204 && status != 304; }

}  // namespace weft

#endif  // WEFT_HTTP_STATUS_H_
