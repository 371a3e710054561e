// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_TIMEOUT_H_
#define WEFT_HANDLERS_MIDDLEWARE_TIMEOUT_H_

#include <weft/concurrency/clock.h>
#include <weft/handlers/handler.h>

namespace weft {

// Ends the request's context when the handlers inside have taken `limit`, or at the server's
// deadline if that is earlier. Calls that wait under it, including reads of the body, then fail
// with kDeadlineExceeded. A handler that returns that error responds with 504.
//
// It works in place, in the request's own fiber and on the response itself, without a second fiber
// or a buffer. So nothing continues after the response. A handler that does not look at its context
// takes as long as it takes, and its response then counts. Writing does not stop at the deadline,
// so that a handler can still say what went wrong.
//
// A request that is declared long-lived inside (Request::LongLived, Hijack) keeps this limit, which
// ends a feed or a stream. So put Timeout around the routes that it is for, by Mux::Group or
// Mux::Handle, and keep long-lived ones outside.
//
//   mux.Group("/api", {weft::Timeout(std::chrono::seconds(2))}, AddApi);
//   mux.Handle("GET /events", Events);
Middleware Timeout(Duration limit);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_TIMEOUT_H_
