// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_REQUEST_ID_H_
#define WEFT_HANDLERS_MIDDLEWARE_REQUEST_ID_H_

#include <string>

#include <weft/concurrency/work_ids.h>
#include <weft/handlers/handler.h>

namespace weft {

struct RequestIdOptions {
  // The field of the response, and with `accept` of the request; empty: the id stays in the
  // process.
  std::string field = "X-Request-Id";
  // Takes the id that came, if it has at most 64 letters, digits and "-_.~:+/=@"; another one is
  // replaced. For services that only a gateway of one's own can reach: a client could give many
  // requests one id.
  bool accept = false;
};

// Gives each request an id: 32 random hexadecimal digits, or the one that came. It is in
// Request::Id until the end of the request, in RequestIdOf(ctx) for everything that works for it,
// in every log line that its fiber, group members, Offload and AfterFunc write (log_pattern.h), and
// in the response, also in that of an error. A request that has an id keeps it. Make it the
// outermost middleware.
//
//   mux.Use(weft::RequestId());
//   ...
//   spdlog::info("order {} is paid", order);   // with the id
Middleware RequestId(RequestIdOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_REQUEST_ID_H_
