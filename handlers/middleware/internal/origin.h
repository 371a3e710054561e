// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_ORIGIN_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_ORIGIN_H_

#include <string>
#include <string_view>
#include <vector>

namespace weft::internal {

// "scheme://host[:port]", as browsers send it in Origin (RFC 6454 section 6.2): small letters, no
// path.
struct Origin {
  std::string_view scheme;     // "https"
  std::string_view authority;  // "example.com:8443"; empty: the text is no origin
};
Origin ParseOrigin(std::string_view text);

// Throws std::invalid_argument, which names `function` and the first text that is no origin.
void CheckOrigins(const char* function, const std::vector<std::string>& origins);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_ORIGIN_H_
