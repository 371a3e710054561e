// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_DEBUG_HEALTH_H_
#define WEFT_HANDLERS_DEBUG_HEALTH_H_

#include <weft/handlers/handler.h>
#include <weft/handlers/readiness.h>

namespace weft {

// Both respond to GET, HEAD and OPTIONS in the same way, and to other methods with 405. Register
// them without a method, because not every probe uses GET: HAProxy's `option httpchk` sends OPTIONS
// by default, and "GET /healthz" would respond to it with 405.
//
//   debug_mux.Handle("/healthz", weft::HealthHandler());
//   debug_mux.Handle("/readyz", weft::ReadyHandler(readiness));

// Responds with 200 as long as the process can respond at all: a liveness probe. It checks nothing
// else, and neither should a liveness probe of your own: a process that fails it is restarted, and
// a restart repairs no database.
Handler HealthHandler();

// Responds with 200 while `readiness` is ready, and otherwise with 503 and a line for each reason:
// a readiness probe. `readiness` must outlive the handler. Serve it where it can be reached while
// the application drains: on a debug server that ends later.
Handler ReadyHandler(const Readiness& readiness);

}  // namespace weft

#endif  // WEFT_HANDLERS_DEBUG_HEALTH_H_
