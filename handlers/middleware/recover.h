// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_RECOVER_H_
#define WEFT_HANDLERS_MIDDLEWARE_RECOVER_H_

#include <functional>

#include <weft/concurrency/error.h>
#include <weft/handlers/handler.h>

namespace weft {

// Answers 500 in place of an exception from the handlers inside, or breaks the answer off if its
// head is out, and tells `report` what was thrown (Error::Exception). Errors that handlers return
// pass through.
//
// A server does the same at its border for a handler without this middleware. Put it where
// exceptions shall end: what is outside of it (AccessLog, for example) then sees an answered
// request. `report` is called in the request's fiber, from all loops in parallel.
Middleware Recover(std::function<void(const Request&, const Error&)> report);

// The same; reports to weft's log (log.h), at level error, with method, path and message. Never waits for it.
Middleware Recover();

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_RECOVER_H_
