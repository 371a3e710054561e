// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/plain_body.h>

#include <string_view>

#include <weft/handlers/handler.h>
#include <weft/http/internal/text.h>

namespace weft::internal {

Error CheckPlain(const Request& r) {
  if (!r.Header().Has("Content-Encoding")) return {};
  bool plain = true;
  for (const std::string_view list : r.Header().Values("Content-Encoding")) {
    ForEachElement(list, [&plain](std::string_view coding) {
      return plain = plain && EqualsIgnoreCase(coding, "identity");
    });
  }
  return plain ? Error() : HttpError(415, "the body must come without Content-Encoding");
}

}  // namespace weft::internal
