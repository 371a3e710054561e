// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_SINGLE_FIELD_H_
#define WEFT_HTTP_INTERNAL_SINGLE_FIELD_H_

#include <optional>
#include <string_view>

#include <weft/http/fields.h>
#include <weft/http/internal/text.h>

namespace weft::internal {

// The value of a field that is not a list. Nothing if there is none, or more than one, since two
// readers could choose different ones.
inline std::optional<std::string_view> SingleValue(const Fields& fields, std::string_view name) {
  if (!fields.Has(name)) return std::nullopt;
  std::optional<std::string_view> value;
  for (const Fields::Field& field : fields) {
    if (!EqualsIgnoreCase(field.name, name)) continue;
    if (value) return std::nullopt;
    value = TrimBlanks(field.value);
  }
  return value;
}

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_SINGLE_FIELD_H_
