// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_BODY_FIELDS_H_
#define WEFT_HANDLERS_INTERNAL_BODY_FIELDS_H_

#include <string_view>

#include <weft/http/fields.h>

namespace weft::internal {

// Fields that describe one body, or how to store it, and would be wrong for another one.
inline constexpr std::string_view kBodyFields[] = {
    "Content-Type",  "Content-Length",      "Content-Encoding", "Content-Language", "Content-Location",
    "Content-Range", "Content-Disposition", "Content-Digest",   "Repr-Digest",      "Digest",
    "Content-MD5",   "ETag",                "Last-Modified",    "Cache-Control",    "Expires"};

inline void DeleteBodyFields(Fields& header) {
  for (const std::string_view name : kBodyFields) header.Del(name);
}

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_BODY_FIELDS_H_
