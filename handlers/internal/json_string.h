// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_JSON_STRING_H_
#define WEFT_HANDLERS_INTERNAL_JSON_STRING_H_

#include <string>
#include <string_view>

namespace weft::internal {

// Appends `text` as a string of JSON, with its quotes (RFC 8259 section 7). What is no good UTF-8
// becomes U+FFFD, byte by byte, so that the result always is: readers of logs and of problem
// details reject anything else.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_JSON_STRING_H_
