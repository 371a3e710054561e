// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_REQUEST_ID_H_
#define WEFT_HANDLERS_MIDDLEWARE_REQUEST_ID_H_

#include <string>

#include <weft/concurrency/work_ids.h>
#include <weft/handlers/handler.h>

namespace weft {

struct RequestIdOptions {
  // The field of the response, and with `accept` also of the request. Empty: the id stays inside
  // the process. What is not the name of a field throws std::invalid_argument.
  std::string field = "X-Request-Id";
  // Accepts the id of the request if it has at most 64 letters, digits and "-_.~:+/=@"; any other
  // is replaced. Only for services that are reached through a gateway of your own: otherwise a
  // client could give many requests the same id.
  bool accept = false;
};

// Gives each request an id: 32 random hexadecimal digits, or the one that it came with. The id is
// in Request::Id until the end of the request; in RequestIdOf(ctx) for everything that works for
// it; in every log line that its fiber, group members, Offload and AfterFunc write (log_pattern.h);
// and in the response, even an error response. A request that already has an id keeps it. Make it
// the outermost middleware.
//
//   mux.Use(weft::RequestId());
//   spdlog::info("order {} is paid", order);   // in a handler: the line has the id
Middleware RequestId(RequestIdOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_REQUEST_ID_H_
