// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_ACCESS_LOG_H_
#define WEFT_HANDLERS_MIDDLEWARE_ACCESS_LOG_H_

#include <functional>

#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/access_record.h>

namespace weft {

// Calls `log` for every request once its response is complete: all of it was passed on for sending,
// or it was broken off. That is after all middleware, so the record has what was sent, also where
// middleware outside of this one has replaced or compressed it. Whether the client has received it
// is not known then. `log` runs in the request's fiber, from all loops in parallel, under the
// context that this middleware had, and should not wait: the connection serves nothing else
// meanwhile. Make AccessLog the outermost middleware but for RequestId, so that it misses nothing.
Middleware AccessLog(std::function<void(const AccessRecord&)> log);

struct AccessLogOptions {
  AccessFormat format = AccessFormat::kText;
  bool query = false;  // whether lines include the queries of targets and referers
};

// The same, with one line for each request in weft's log (log.h), at level info. It never waits for
// the log:
//   192.0.2.7:50123 "GET /hello/anna HTTP/1.1" 200 12 0.184ms
//   192.0.2.7:50124 "GET /feed HTTP/1.1" 200 4096 1502.310ms aborted: context canceled: client gone
// The formats that programs read contain the time. They go to the spdlog logger that is registered
// as "weft.access", or else to stderr, with nothing before them.
//
//   mux.Use(weft::AccessLog({.format = weft::AccessFormat::kJson}));
Middleware AccessLog(AccessLogOptions options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_ACCESS_LOG_H_
