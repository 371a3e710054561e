// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_CREDENTIALS_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_CREDENTIALS_H_

#include <optional>
#include <string>
#include <string_view>

#include <weft/handlers/request.h>

namespace weft::internal {

// What follows this scheme, whose case does not matter, in the request's only Authorization field; empty
// if there is none (RFC 9110 section 11.4). If there are several, none counts: a proxy may have checked
// another one.
std::string_view CredentialsOf(const Request& r, std::string_view scheme);

// RFC 4648 section 4, with its padding; empty if it is malformed.
std::optional<std::string> DecodeBase64(std::string_view text);

// A realm as a quoted string. Throws std::invalid_argument for control characters.
std::string QuotedRealm(const char* function, std::string_view realm);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_CREDENTIALS_H_
