// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_POSTGRES_SCHEMA_H_
#define WEFT_EXAMPLES_SERVICE_POSTGRES_SCHEMA_H_

#include <weft/clients/postgres/pool.h>

// Brings the tables up to date, in one transaction; of several processes that start at once, one does it and the others wait for that. Fails
// if they belong to a newer service.
weft::Error MigrateNotes(const weft::Context& ctx, weft::postgres::Pool& db);

#endif  // WEFT_EXAMPLES_SERVICE_POSTGRES_SCHEMA_H_
