// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/timeout.h>

#include <cstdio>
#include <utility>

#include <weft/concurrency/context.h>

namespace weft {

Middleware Timeout(Duration limit) {
  char text[64];
  std::snprintf(text, sizeof text, "the Timeout of %g s has passed",
                std::chrono::duration<double>(limit).count());
  return [limit, cause = Error::New(text)](Handler next) -> Handler {
    return [limit, cause, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      auto [ctx, cancel] = WithTimeout(r.Ctx(), limit, cause);
      const RequestContextScope use = r.Use(std::move(ctx));  // which then has the only one: its end wakes no waiter
      return next(w, r);
    };
  };
}

}  // namespace weft
