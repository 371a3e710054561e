// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_STATUS_H_
#define WEFT_HTTP_STATUS_H_

#include <string_view>

namespace weft {

// The reason phrase, such as "Not Found" for 404. Empty for a status that is not registered (IANA
// HTTP Status Code Registry).
//
//   line += std::to_string(status) + ' ' + std::string(weft::ReasonPhrase(status));
std::string_view ReasonPhrase(int status) noexcept;

// Whether a response of this status has content: not for 1xx, 204 and 304 (RFC 9110 section 6.4.1).
constexpr bool StatusAllowsBody(int status) noexcept {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace weft

#endif  // WEFT_HTTP_STATUS_H_
