// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_APP_H_
#define WEFT_EXAMPLES_SERVICE_APP_H_

#include <string>

#include <weft/concurrency/result.h>
#include <weft/handlers/metrics.h>
#include <weft/handlers/routing/mux.h>

#include "jobs.h"
#include "note_store.h"
#include "tour.h"

// What the application works with; it outlives the mux.
struct AppParts {
  NoteStore& notes;
  JobQueue& jobs;
  const Neighbour& neighbour;
  weft::Metrics& metrics;
  std::string files_folder;  // what users upload
  std::string page_folder;   // index.html and what it needs
  bool access_log = false;
};

// All routes, with the middleware around them: the API, the page at "/", and the tour. An Error: a folder cannot be opened.
weft::Result<weft::Mux> MakeApp(const AppParts& parts);

#endif  // WEFT_EXAMPLES_SERVICE_APP_H_
