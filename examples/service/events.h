// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_EVENTS_H_
#define WEFT_EXAMPLES_SERVICE_EVENTS_H_

#include <weft/handlers/metrics.h>
#include <weft/handlers/routing/mux.h>

#include "note_store.h"

// GET /api/events: what happens to notes from now on, for EventSource.
//   event: saved      data: the Note
//   event: deleted    data: the Note that is no more
//   event: lagged     the client was too slow and has missed some: it reads the list again
// So it does after each reconnect, too. What they use outlives the mux.
void AddEventRoutes(weft::Mux& mux, NoteStore& store, weft::Metrics& metrics);

#endif  // WEFT_EXAMPLES_SERVICE_EVENTS_H_
