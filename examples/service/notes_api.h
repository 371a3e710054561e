// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_NOTES_API_H_
#define WEFT_EXAMPLES_SERVICE_NOTES_API_H_

#include <weft/handlers/metrics.h>
#include <weft/handlers/routing/mux.h>

#include "note_store.h"

// The notes as JSON, at most one request in ten seconds each; see examples/README.md for how to call them.
//   POST /notes                  a NoteDraft: 201 with the Note, its Location and its ETag
//   GET /notes?limit=&after=     a NotePage
//   GET /notes/{id}              a Note with its ETag; 304 where If-None-Match says that the client has it
//   PUT /notes/{id}              a NoteDraft, for the version that If-Match names: 200 with the Note. Without If-Match 428, and 412 if
//   DELETE /notes/{id}           another client has changed it meanwhile, so that no change is lost
// What they use outlives the mux.
void AddNotesRoutes(weft::Mux& mux, NoteStore& store, weft::Metrics& metrics);

#endif  // WEFT_EXAMPLES_SERVICE_NOTES_API_H_
