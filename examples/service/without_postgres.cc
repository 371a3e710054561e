// SPDX-License-Identifier: Apache-2.0
#include "postgres_notes.h"

weft::Result<std::unique_ptr<NoteStore>> OpenPostgresNotes(const weft::Context&, const std::string&, weft::Metrics&) {
  return weft::Error::New("--database: this service was built without PostgreSQL; install libpq-dev and configure it anew, with -DWEFT_POSTGRES=ON");
}
