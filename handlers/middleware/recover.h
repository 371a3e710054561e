// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_RECOVER_H_
#define WEFT_HANDLERS_MIDDLEWARE_RECOVER_H_

#include <functional>

#include <weft/concurrency/error.h>
#include <weft/handlers/handler.h>

namespace weft {

// Responds with 500 if a handler inside throws, or breaks off the response if its head was already
// sent, and passes what was thrown to `report` (Error::Exception). Errors that handlers return pass
// through.
//
// A server does the same for a handler without this middleware. Put it where exceptions should end:
// what is outside of it (AccessLog, for example) then sees a request with a response. `report` is
// called in the request's fiber, from all loops in parallel.
//
//   mux.Use(weft::Recover([](const weft::Request& r, const weft::Error& thrown) {
//     Alert(r.Pattern(), thrown.Message());
//   }));
Middleware Recover(std::function<void(const Request&, const Error&)> report);

// The same; reports to weft's log (log.h), at level error, with method, path and message. It never
// waits for the log.
Middleware Recover();

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_RECOVER_H_
