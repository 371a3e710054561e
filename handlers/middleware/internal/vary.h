// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_INTERNAL_VARY_H_
#define WEFT_HANDLERS_MIDDLEWARE_INTERNAL_VARY_H_

#include <string_view>

#include <weft/http/fields.h>
#include <weft/http/internal/text.h>

namespace weft::internal {

// Names a request field on which the response depends, for caches (RFC 9110 section 12.5.5), unless
// that is said already.
inline void AddVary(Fields& header, std::string_view name) {
  for (const std::string_view list : header.Values("Vary")) {
    const auto other = [name](std::string_view one) {
      return one != "*" && !EqualsIgnoreCase(one, name);
    };
    if (!ForEachElement(list, other)) return;
  }
  header.Add("Vary", name);
}

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_MIDDLEWARE_INTERNAL_VARY_H_
