// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_ACCESS_LOG_H_
#define WEFT_HANDLERS_MIDDLEWARE_ACCESS_LOG_H_

#include <functional>

#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/access_record.h>

namespace weft {

// Tells `log` of every request when its handler has returned; called in the request's fiber, from
// all loops in parallel. Make it the outermost middleware, so that nothing is missed. What happens
// later, when the server sends the rest of the response, is not in the record.
Middleware AccessLog(std::function<void(const AccessRecord&)> log);

struct AccessLogOptions {
  AccessFormat format = AccessFormat::kText;
  bool query = false;  // whether lines have the queries of targets and referers
};

// The same with one line per request to weft's log (log.h), at level info; never waits for it:
//   192.0.2.7:50123 "GET /hello/anna HTTP/1.1" 200 12 0.184ms
//   192.0.2.7:50124 "GET /feed HTTP/1.1" 200 4096 1502.310ms aborted: context canceled: client gone
// The formats that programs read have their time in themselves: they go to the spdlog logger that is
// registered as "weft.access", else to stderr, with nothing before them.
//
//   mux.Use(weft::AccessLog({.format = weft::AccessFormat::kJson}));
Middleware AccessLog(AccessLogOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_ACCESS_LOG_H_
