// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_TIMEOUT_H_
#define WEFT_HANDLERS_MIDDLEWARE_TIMEOUT_H_

#include <weft/concurrency/clock.h>
#include <weft/handlers/handler.h>

namespace weft {

// Ends the context of the request when `limit` has passed in the handlers inside, or earlier if the
// server's deadline is. Calls that wait under it, reads of the body among them, then fail with
// kDeadlineExceeded, and a handler that returns that error responds 504.
//
// It works in place: in the request's own fiber and on the response itself, without a second fiber
// or a buffer. So nothing goes on after the response. A handler that does not look at its context
// takes the time that it takes, and what it responds then counts. Writing does not stop at the
// deadline, so that there is still a way to say what went wrong.
//
// A request that is declared long-lived inside (Request::LongLived, Hijack) keeps this limit: it
// ends a feed or a stream after `limit`. Put it around the routes that it is for, by Mux::Group or
// Mux::Handle, and such requests outside.
//
//   mux.Group("/api", {weft::Timeout(std::chrono::seconds(2))}, AddApi);
//   mux.Handle("GET /events", Events);
Middleware Timeout(Duration limit);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_TIMEOUT_H_
