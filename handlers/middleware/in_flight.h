// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_IN_FLIGHT_H_
#define WEFT_HANDLERS_MIDDLEWARE_IN_FLIGHT_H_

#include <cstdint>

#include <weft/handlers/handler.h>

namespace weft {

// Admits at most `max` requests at a time to the handlers inside; further ones are rejected at once
// with 503 and Retry-After: 1. For what only a few can use at a time: a report that takes a second
// of CPU, a partner that allows four calls. All handlers that one returned Middleware wraps share
// its limit, including those of other loops and servers. A request counts until its handler
// returns, even if it is long-lived. For the whole server there is ServerOptions::requests_max,
// which queues before it rejects.
//
//   const weft::Middleware reports = weft::InFlight(4);
//   mux.Handle("GET /reports/{id}", ShowReport, {reports});
//   mux.Handle("POST /reports", MakeReport, {reports});
Middleware InFlight(std::int64_t max);

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_IN_FLIGHT_H_
