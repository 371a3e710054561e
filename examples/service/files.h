// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_FILES_H_
#define WEFT_EXAMPLES_SERVICE_FILES_H_

#include <string>

#include <weft/concurrency/error.h>
#include <weft/handlers/routing/mux.h>

// Files of users, in a folder.
//   POST /api/files         a form with a file in its field "file", at most 100 MiB: 201 with {"name", "url", "size"} and its Location
//   GET /files/{path...}    one of them, with ranges and conditional requests
// An Error: the folder cannot be opened.
weft::Error AddFileRoutes(weft::Mux& mux, const std::string& folder);

#endif  // WEFT_EXAMPLES_SERVICE_FILES_H_
