// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_POSTGRES_NOTES_H_
#define WEFT_EXAMPLES_SERVICE_POSTGRES_NOTES_H_

#include <memory>
#include <string>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/metrics.h>

#include "note_store.h"

// Notes in a database of PostgreSQL, which several of these services may share: each notifies its listeners of what any of them has
// changed. Brings the tables up to date first. `url` is libpq's: "postgres://user@host/name". An Error if the service was built without
// weft::postgres.
weft::Result<std::unique_ptr<NoteStore>> OpenPostgresNotes(const weft::Context& ctx, const std::string& url, weft::Metrics& metrics);

#endif  // WEFT_EXAMPLES_SERVICE_POSTGRES_NOTES_H_
