// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_SQLITE_NOTES_H_
#define WEFT_EXAMPLES_SERVICE_SQLITE_NOTES_H_

#include <memory>
#include <string>

#include <weft/concurrency/result.h>

#include "note_store.h"

// Notes in a file of SQLite, which is made if there is none. What a call has changed is on the disk when it returns.
weft::Result<std::unique_ptr<NoteStore>> OpenSqliteNotes(const std::string& path);

#endif  // WEFT_EXAMPLES_SERVICE_SQLITE_NOTES_H_
