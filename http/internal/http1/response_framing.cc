// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/response_framing.h>

#include <string_view>

#include <weft/http/internal/text.h>

namespace weft::internal {

bool AsksForClose(const Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (name.size() != 10 || !EqualsIgnoreCase(name, "connection")) continue;
    const bool without_close =
        ForEachElement(value, [](std::string_view option) { return !EqualsIgnoreCase(option, "close"); });
    if (!without_close) return true;
  }
  return false;
}

}  // namespace weft::internal
