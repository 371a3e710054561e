// SPDX-License-Identifier: Apache-2.0

// What docs/handlers.md says about who may ask, and for how long: pages of other origins, passwords, secrets, deadlines of callers.
#include <chrono>
#include <string>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/time.h>
#include <weft/handlers/middleware/authenticated_user.h>
#include <weft/handlers/middleware/basic_auth.h>
#include <weft/handlers/middleware/constant_time.h>
#include <weft/handlers/middleware/cors.h>
#include <weft/handlers/middleware/deadline_from.h>
#include <weft/handlers/middleware/forwarded_peer.h>
#include <weft/handlers/middleware/rate_limit.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>
#include "check.h"

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string password = "open sesame";
std::string hook_secret = "s3cret";

weft::Error WhoAmI(weft::ResponseWriter& w, weft::Request& r) { return w.Write(weft::UserOf(r.Ctx())); }

weft::Error Report(weft::ResponseWriter& w, weft::Request& r) {
  if (weft::Error err = weft::Sleep(r.Ctx(), seconds(5))) return err;
  return w.Write("done");
}

weft::Error OnHook(weft::ResponseWriter& w, weft::Request& r) {
  if (!weft::EqualInConstantTime(r.Header().Get("X-Hook-Secret"), hook_secret)) return weft::HttpError(403);
  return w.Write("thank you");
}

weft::Mux AfterProxies() {
  weft::Mux mux;
  mux.Use(weft::ForwardedPeer({.trusted = {"10.0.0.0/8"}}));      // our load balancers, and nobody else
  mux.Use(weft::RateLimit({.rate = 50, .burst = 100}));           // for each client, and not for each proxy
  mux.Handle("GET /peer", [](weft::ResponseWriter& w, weft::Request& r) { return w.Write(r.Peer()); });
  return mux;
}

weft::Mux Routes() {
  weft::Mux mux;
  mux.Use(weft::Cors({.origins = {"https://app.example.com"}, .fields = {"Content-Type"}}));   // outside of passwords
  mux.Use(weft::DeadlineFrom("X-Request-Timeout-Ms"));            // no work for a caller that has given up
  mux.Group("/admin", {weft::BasicAuth("admin", {{"root", password}})}, [](weft::Mux& admin) {
    admin.Handle("GET /me", WhoAmI);                              // UserOf(r.Ctx()) is "root"
  });
  mux.Handle("GET /report", Report);
  mux.Handle("POST /hook", OnHook);
  return mux;
}

int main() {
  return RunChecks([](const weft::Context&) {
    const weft::Mux mux = Routes();
    weft::Recorder recorder;
    using Ask = weft::RequestBuilder;
    recorder.Serve(mux, Ask("GET", "/admin/me"));
    Check(recorder.Status() == 401 && recorder.Header().Get("WWW-Authenticate").starts_with("Basic realm=\"admin\""));
    recorder.Serve(mux, Ask("GET", "/admin/me").Header("Authorization", "Basic cm9vdDpvcGVuIHNlc2FtZQ=="));
    Check(recorder.Status() == 200 && recorder.Body() == "root");
    recorder.Serve(mux, Ask("GET", "/admin/me").Header("Authorization", "Basic cm9vdDpzZXNhbWU="));
    Check(recorder.Status() == 401);

    const weft::Mux proxied = AfterProxies();
    recorder.Serve(proxied, Ask("GET", "/peer").Peer("10.1.2.3:4").Header("X-Forwarded-For", "192.0.2.7"));
    Check(recorder.Body() == "192.0.2.7");
    recorder.Serve(proxied, Ask("GET", "/peer").Peer("198.51.100.9:4").Header("X-Forwarded-For", "192.0.2.7"));
    Check(recorder.Body() == "198.51.100.9:4");

    const auto preflight = [](const char* origin) {
      return Ask("OPTIONS", "/admin/me").Header("Origin", origin).Header("Access-Control-Request-Method", "GET");
    };
    recorder.Serve(mux, preflight("https://app.example.com"));
    Check(recorder.Status() == 204 && recorder.Header().Get("Access-Control-Allow-Origin") == "https://app.example.com");
    recorder.Serve(mux, preflight("https://evil.example"));
    Check(recorder.Status() == 403);

    const weft::TimePoint start = weft::Now();
    recorder.Serve(mux, Ask("GET", "/report").Header("X-Request-Timeout-Ms", "200"));
    Check(recorder.Status() == 504 && weft::Now() - start == milliseconds(200));
    recorder.Serve(mux, Ask("GET", "/report"));
    Check(recorder.Status() == 200 && recorder.Body() == "done");

    recorder.Serve(mux, Ask("POST", "/hook").Header("X-Hook-Secret", "s3cret"));
    Check(recorder.Status() == 200);
    recorder.Serve(mux, Ask("POST", "/hook").Header("X-Hook-Secret", "s3cre7"));
    Check(recorder.Status() == 403);
  });
}
