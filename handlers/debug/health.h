// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_DEBUG_HEALTH_H_
#define WEFT_HANDLERS_DEBUG_HEALTH_H_

#include <weft/handlers/handler.h>
#include <weft/handlers/readiness.h>

namespace weft {

// Both answer GET, HEAD and OPTIONS alike, and other methods 405. Register them without a method, since not every probe asks by GET: that
// of HAProxy's `option httpchk` is an OPTIONS unless it is told otherwise, and "GET /healthz" would answer it 405.
//
//   debug_mux.Handle("/healthz", weft::HealthHandler());
//   debug_mux.Handle("/readyz", weft::ReadyHandler(readiness));

// Responds 200 as long as the process can respond at all: a liveness probe. It asks nobody, and so should any of your own: who fails it is
// restarted, and a restart mends no database.
Handler HealthHandler();

// Responds 200 while `readiness` is ready, else 503 and a line for each reason (a readiness probe). `readiness` outlives the
// handler. Serve it where it can be reached while the application drains: on a debug server that
// ends after it.
Handler ReadyHandler(const Readiness& readiness);

}  // namespace weft

#endif  // WEFT_HANDLERS_DEBUG_HEALTH_H_
