// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ROUTING_INTERNAL_CLEAN_PATH_H_
#define WEFT_HANDLERS_ROUTING_INTERNAL_CLEAN_PATH_H_

#include <string>
#include <string_view>

namespace weft::internal {

// Whether a raw path that begins with a slash has no empty segment but the last, and no "." or
// "..", encoded or not.
bool IsCleanPath(std::string_view raw) noexcept;

// The path without them: dot segments are resolved (RFC 3986 section 5.2.4), several slashes become
// one.
std::string CleanPath(std::string_view raw);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_ROUTING_INTERNAL_CLEAN_PATH_H_
