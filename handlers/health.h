// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_HEALTH_H_
#define WEFT_HANDLERS_HEALTH_H_

#include <weft/handlers/handler.h>
#include <weft/handlers/readiness.h>

namespace weft {

// Answers 200 as long as the process can answer at all (a liveness probe).
Handler HealthHandler();

// Answers 200 while `readiness` is ready, else 503 (a readiness probe). `readiness` outlives the
// handler. Serve it where it can be reached while the application drains: on a debug server that
// ends after it.
Handler ReadyHandler(const Readiness& readiness);

}  // namespace weft

#endif  // WEFT_HANDLERS_HEALTH_H_
