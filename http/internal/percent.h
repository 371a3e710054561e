// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_PERCENT_H_
#define WEFT_HTTP_INTERNAL_PERCENT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::internal {

// Percent-encoding (RFC 3986 section 2.1). A '%' without two hexadecimal digits after it represents itself.

// The length of `text` once decoded.
std::size_t DecodedSize(std::string_view text) noexcept;

// Appends `text`, decoded.
void AppendDecoded(std::string_view text, std::string& out);

// The same for a query (application/x-www-form-urlencoded): a plus is a blank. False if an escape
// is broken; then part of it may have been appended.
bool AppendDecodedQuery(std::string_view text, std::string& out);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_PERCENT_H_
