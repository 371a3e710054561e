// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_TOUR_H_
#define WEFT_EXAMPLES_SERVICE_TOUR_H_

#include <weft/handlers/routing/mux.h>

#include "neighbour.h"

// What weft does, in small routes to try.
//   GET /hello/{name}        greets
//   POST /echo               responds with the body as it comes, however large
//   GET /sleep/{ms}          sleeps under the request's context
//   GET /deadline/{ms}       works past its own deadline: 504
//   GET /fanout?n=8          asks this service n times at once, and fails as one; with &hang=1 one request hangs: 504 after 2 s
// `neighbour` outlives the mux.
void AddTourRoutes(weft::Mux& mux, const Neighbour& neighbour);

#endif  // WEFT_EXAMPLES_SERVICE_TOUR_H_
