// SPDX-License-Identifier: Apache-2.0

// Middleware that a user writes: what weft's own Timeout, RequestId and RateLimit do, with public names only.
#include <memory>
#include <string>
#include <utility>
#include <weft/concurrency/context.h>
#include <weft/concurrency/rate_limiter.h>
#include <weft/concurrency/testing.h>
#include <weft/concurrency/time.h>
#include <weft/concurrency/work_ids.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>
#include "check.h"

using std::chrono::milliseconds;
using std::chrono::seconds;

weft::Middleware OwnTimeout(weft::Duration limit) {
  return [limit](weft::Handler next) -> weft::Handler {
    return [limit, next = std::move(next)](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
      const weft::CancelScope scope = weft::WithTimeout(r.Ctx(), limit, weft::Error::New("too slow"));
      const weft::RequestContextScope use = r.Use(scope.ctx);
      return next(w, r);
    };
  };
}

weft::Middleware OwnRequestId() {
  return [](weft::Handler next) -> weft::Handler {
    return [next = std::move(next)](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
      const std::string id(r.Header().Get("X-Order"));
      w.Header().Set("X-Order", id);
      const weft::RequestContextScope use = r.Use(weft::WithRequestId(r.Ctx(), id));
      return next(w, r);
    };
  };
}

weft::Middleware OwnRateLimit(double rate, int burst) {
  return [limiter = std::make_shared<weft::RateLimiter>(rate, burst)](weft::Handler next) -> weft::Handler {
    return [limiter, next = std::move(next)](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
      if (!limiter->Allow()) return weft::HttpError(429);
      return next(w, r);
    };
  };
}

int main() {
  weft::Mux mux;
  mux.Handle("GET /wait", [](weft::ResponseWriter&, weft::Request& r) { return weft::Sleep(r.Ctx(), seconds(60)); },
             {OwnTimeout(milliseconds(20))});
  mux.Handle("GET /id", [](weft::ResponseWriter& w, weft::Request& r) { return w.Write(weft::RequestIdOf(r.Ctx())); }, {OwnRequestId()});
  mux.Handle("GET /few", [](weft::ResponseWriter&, weft::Request&) {}, {OwnRateLimit(1, 1)});
  return RunChecks([&](const weft::Context&) {
    weft::Recorder recorder;
    const weft::TimePoint start = weft::Now();
    recorder.Serve(mux, weft::RequestBuilder("GET", "/wait"));
    Check(recorder.Status() == 504);
    Check(weft::Now() - start == milliseconds(20));
    recorder.Serve(mux, weft::RequestBuilder("GET", "/id").Header("X-Order", "o-7"));
    Check(recorder.Body() == "o-7");
    Check(recorder.Header().Get("X-Order") == "o-7");
    recorder.Serve(mux, weft::RequestBuilder("GET", "/few"));
    Check(recorder.Status() == 200);
    recorder.Serve(mux, weft::RequestBuilder("GET", "/few"));
    Check(recorder.Status() == 429);
  });
}
