// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_JSON_ANY_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_JSON_ANY_H_

#include <cstdint>
#include <string_view>

#include <weft/handlers/content/internal/json_type.h>

namespace weft::internal {

// Fill a boost::json::value at `any`. The first two make it an array or an object, and return the
// type that it has from then on.
const JsonType& BeginJsonArray(void* any);
const JsonType& BeginJsonObject(void* any);
void SetJsonNull(void* any);
void SetJsonBool(void* any, bool value);
void SetJsonString(void* any, std::string_view value);
void SetJsonSigned(void* any, std::int64_t value);
void SetJsonUnsigned(void* any, std::uint64_t value);
void SetJsonDouble(void* any, double value);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_JSON_ANY_H_
