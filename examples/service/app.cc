// SPDX-License-Identifier: Apache-2.0
#include "app.h"

#include <chrono>

#include <weft/handlers/content/file_server.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/cross_origin_protection.h>
#include <weft/handlers/middleware/max_bytes.h>
#include <weft/handlers/middleware/problem_details.h>
#include <weft/handlers/middleware/recover.h>
#include <weft/handlers/middleware/request_id.h>
#include <weft/handlers/middleware/security_headers.h>
#include <weft/handlers/middleware/timeout.h>

#include "chat.h"
#include "events.h"
#include "files.h"
#include "notes_api.h"

namespace {

// The first one is the outermost.
void AddMiddleware(weft::Mux& mux, const AppParts& parts) {
  mux.Use(parts.metrics.Count());
  mux.Use(weft::RequestId());
  if (parts.access_log) mux.Use(weft::AccessLog());
  mux.Use(weft::ProblemDetails());
  mux.Use(weft::Recover());
  mux.Use(weft::SecurityHeaders({.content_security_policy = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"}));
  mux.Use(weft::CrossOriginProtection());
}

// index.html at "/", the rest below /static.
weft::Error AddPage(weft::Mux& mux, const std::string& folder) {
  const weft::Result<weft::Handler> index = weft::FileServer(folder);
  if (weft::Error err = index.Err()) return err;
  const weft::Result<weft::Handler> files = weft::FileServer(folder, {.prefix = "/static", .index = ""});
  if (weft::Error err = files.Err()) return err;
  mux.Handle("GET /{$}", *index);
  mux.Handle("GET /static/{path...}", *files);
  return {};
}

}  // namespace

weft::Result<weft::Mux> MakeApp(const AppParts& parts) {
  weft::Mux mux;
  AddMiddleware(mux, parts);
  mux.Group("/api", {weft::Timeout(std::chrono::seconds(10)), weft::MaxBytes(64 * 1024)},
            [&](weft::Mux& api) { AddNotesRoutes(api, parts.notes, parts.metrics); });
  AddEventRoutes(mux, parts.notes, parts.metrics);  // long-lived, as the next: outside of the Timeout, which would end it
  AddChatRoute(mux);
  if (weft::Error err = AddFileRoutes(mux, parts.files_folder)) return err.Wrap("files");
  if (weft::Error err = AddPage(mux, parts.page_folder)) return err.Wrap("page");
  AddJobRoutes(mux, parts.jobs);
  AddTourRoutes(mux, parts.neighbour);
  return mux;
}
