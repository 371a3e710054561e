// SPDX-License-Identifier: Apache-2.0

// What docs/handlers.md says about responses: status and fields, errors, redirects, streams, files.
#include <chrono>
#include <string>
#include <string_view>
#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/select.h>
#include <weft/concurrency/time.h>
#include <weft/handlers/content/escape_html.h>
#include <weft/handlers/content/escape_url.h>
#include <weft/handlers/content/serve_content.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/problem.h>
#include <weft/handlers/routing/redirect.h>
#include <weft/handlers/testing.h>
#include "check.h"

using std::chrono::seconds;

weft::Error Create(weft::ResponseWriter& w, weft::Request&) {
  w.Header().Set("Content-Type", "text/csv; charset=utf-8");
  w.Header().Set("Location", "/reports/17");
  w.WriteHeader(201);                                             // 200 without it
  return w.Write("id,name\n17,tea\n");
}

weft::Error Find(weft::ResponseWriter&, weft::Request& r) {
  if (!r.Header().Has("Authorization")) return weft::HttpError(401, "log in first");   // the client reads this text
  if (weft::Error err = weft::Error::New("users.db: disk I/O error")) return err.Wrap("find user");   // 500, and nobody reads that
  return {};
}

weft::Error Buy(weft::ResponseWriter&, weft::Request&) {
  return weft::ProblemError({.status = 403,
                             .type = "https://example.com/probs/out-of-credit",
                             .title = "You do not have enough credit",
                             .members = {{"balance", "30"}}});
}

weft::Error AfterPost(weft::ResponseWriter& w, weft::Request&) {
  return weft::Redirect(w, "/orders/17", 303);                    // the browser asks for it by GET
}

weft::Error AfterRename(weft::ResponseWriter& w, weft::Request& r) {
  const std::string title(r.Query("title").value_or("untitled"));
  return weft::Redirect(w, "/notes/" + weft::EscapePath(title) + "?from=" + weft::EscapeQuery(r.RawPath()), 303);
}

weft::Error Greet(weft::ResponseWriter& w, weft::Request& r) {
  w.Header().Set("Content-Type", "text/html; charset=utf-8");
  return w.Write("<p>Hello, " + weft::EscapeHtml(r.Query("name").value_or("you")) + "</p>");
}

// Ticks until the client leaves or the server drains.
weft::Error Feed(weft::ResponseWriter& w, weft::Request& r, const weft::Chan<std::string>& news) {
  if (!r.LongLived()) return weft::HttpError(503);                // no deadline; a slot of long_lived_max, not of requests_max
  w.Header().Set("Content-Type", "application/x-ndjson");
  weft::CancelScope scope = weft::WithCancel(r.Ctx());
  weft::StopFunc drain = weft::AfterFunc(r.Draining(), [&] { scope.cancel(weft::kServerClosing); });
  while (true) {
    const weft::Result<std::string> line = news.Receive(scope.ctx);
    if (line.Err().Is(weft::kServerClosing)) return {};           // a clean end; the client reconnects
    if (weft::Error err = line.Err()) return err;
    if (weft::Error err = w.Write(*line + "\n")) return err;
    if (weft::Error err = w.Flush()) return err;                  // now, and not when the buffer is full
  }
}

weft::Error Report(weft::ResponseWriter& w, weft::Request& r) {
  w.Header().Set("Cache-Control", "max-age=60");
  return weft::ServeContent(w, r, {.name = "report.csv", .etag = "\"v7\""}, "id,name\n17,tea\n");   // ranges, 304 and HEAD by itself
}

int main() {
  return RunChecks([](const weft::Context& ctx) {
    weft::Recorder recorder;
    recorder.Serve(Create, weft::RequestBuilder("POST", "/reports"));
    Check(recorder.Status() == 201 && recorder.Header().Get("Location") == "/reports/17");
    recorder.Serve(Find, weft::RequestBuilder());
    Check(recorder.Status() == 401 && recorder.Body() == "log in first\n");
    recorder.Serve(Find, weft::RequestBuilder().Header("Authorization", "Bearer x"));
    Check(recorder.Status() == 500 && recorder.Body().find("disk") == std::string::npos);
    Check(recorder.Err().Message() == "find user: users.db: disk I/O error");
    recorder.Serve(Buy, weft::RequestBuilder("POST", "/buy"));
    Check(recorder.Status() == 403 && recorder.Header().Get("Content-Type") == "application/problem+json");
    recorder.Serve(Greet, weft::RequestBuilder("GET", "/?name=%3Cscript%3E"));
    Check(recorder.Body() == "<p>Hello, &lt;script&gt;</p>");
    recorder.Serve(AfterPost, weft::RequestBuilder("POST", "/orders"));
    Check(recorder.Status() == 303);
    recorder.Serve(AfterRename, weft::RequestBuilder("POST", "/notes/7?title=tea%2F%3F+for+2"));
    Check(recorder.Header().Get("Location").ends_with("/notes/tea%2F%3F%20for%202?from=%2Fnotes%2F7"));
    recorder.Serve(Report, weft::RequestBuilder().Header("If-None-Match", "\"v7\""));
    Check(recorder.Status() == 304);

    const weft::Chan<std::string> news(4);
    const weft::CancelScope draining = weft::WithCancel(ctx);
    weft::Group group(ctx);
    group.Go([&](const weft::Context& c) -> weft::Error {
      if (weft::Error err = news.Send(c, R"("tea is ready")")) return err;
      if (weft::Error err = weft::Sleep(c, seconds(100))) return err;   // longer than any deadline
      draining.cancel();
      return {};
    });
    recorder.Serve([&](weft::ResponseWriter& w, weft::Request& r) { return Feed(w, r, news); },
                   weft::RequestBuilder().Draining(draining.ctx));
    Check(!group.Wait());
    Check(recorder.LongLived() && !recorder.Err() && recorder.Body() == "\"tea is ready\"\n");
  });
}
