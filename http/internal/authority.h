// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_AUTHORITY_H_
#define WEFT_HTTP_INTERNAL_AUTHORITY_H_

#include <string_view>

namespace weft::internal {

// True for host [":" port] as it may occur in a Host field or a target (RFC 9110 section 7.2, RFC 3986 section 3.2): a
// name, an IPv4 or a bracketed IPv6 address. No user information; a port above 65535, an address of a future version
// and a zone are refused. The empty authority is not one.
bool IsAuthority(std::string_view text);

// The same, but the port is required, as for CONNECT (RFC 9112 section 3.2.3).
bool IsAuthorityWithPort(std::string_view text);

// True if each '%' is followed by two hex digits (RFC 3986 section 2.1) and none stands for NUL, which no path
// or name can hold.
bool HasGoodEscapes(std::string_view text);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_AUTHORITY_H_
