// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_CONTENT_LENGTH_H_
#define WEFT_HTTP_INTERNAL_CONTENT_LENGTH_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace weft::internal {

// Parses 1*DIGIT without overflow; anything else is empty (RFC 9110 section 8.6).
std::optional<std::uint64_t> ParseLength(std::string_view digits);

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_CONTENT_LENGTH_H_
