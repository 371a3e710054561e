// SPDX-License-Identifier: Apache-2.0

// What docs/handlers.md says about compression. It links weft::compress.
#include <string>
#include <weft/concurrency/testing.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/compress.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>
#include "check.h"

int main() {
  return RunChecks([](const weft::Context&) {
    const std::string page(50'000, 'x');
    weft::Mux mux;
    mux.Use(weft::AccessLog());
    mux.Use(weft::Compress({.size_min = 1000}));           // gzip, for clients that take it
    mux.Handle("GET /page", [&](weft::ResponseWriter& w, weft::Request&) {
      w.Header().Set("Content-Type", "text/html; charset=utf-8");
      return w.Write(page);
    });
    weft::Recorder recorder;
    recorder.Serve(mux, weft::RequestBuilder("GET", "/page").Header("Accept-Encoding", "gzip"));
    Check(recorder.Header().Get("Content-Encoding") == "gzip" && recorder.Body().size() < 1000);
    recorder.Serve(mux, weft::RequestBuilder("GET", "/page"));
    Check(recorder.Body() == page);
  });
}
