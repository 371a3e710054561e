// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/max_bytes.h>

#include <string>
#include <utility>

namespace weft {

Middleware MaxBytes(std::uint64_t bytes) {
  return [bytes](Handler next) -> Handler {
    return [bytes, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      r.Body().SetLimit(bytes);
      return next(w, r);
    };
  };
}

}  // namespace weft
