// SPDX-License-Identifier: Apache-2.0

// The main file of a service: one header, middleware in its order, a server for the outside and one for those who run it.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <weft/weft.h>

using std::chrono::seconds;

weft::Error ShowOrder(weft::ResponseWriter& w, weft::Request& r) { return w.Write(r.PathValue("id")); }
weft::Error SaveAvatar(weft::ResponseWriter& w, weft::Request& r) { return weft::Copy(r.Ctx(), r.Body(), w).Err(); }
weft::Error Events(weft::ResponseWriter&, weft::Request& r) { return r.LongLived() ? r.Draining().Wait() : weft::HttpError(503); }

weft::Mux Routes() {
  weft::Mux mux;
  mux.Use(weft::RequestId());            // outermost: everything inside, and its log lines, have the id
  mux.Use(weft::AccessLog());            // sees every response, also those of what is inside of it
  mux.Use(weft::ProblemDetails());       // gives each error from inside the form of a problem
  mux.Use(weft::Recover());              // exceptions end here, as a 500
  mux.Use(weft::SecurityHeaders());
  mux.Use(weft::RateLimit({.rate = 50, .burst = 100}));
  mux.Group("/api", {weft::Timeout(seconds(2))}, [](weft::Mux& api) {
    api.Handle("GET /orders/{id}", ShowOrder);
    api.Handle("POST /avatar", SaveAvatar, {weft::MaxBytes(5 << 20), weft::InFlight(4)});
  });
  mux.Handle("GET /events", Events);     // long-lived: outside of the Timeout, which would end it
  return mux;
}

int main() {
  weft::Readiness readiness;
  weft::Mux debug;
  debug.Handle("/healthz", weft::HealthHandler());
  debug.Handle("/readyz", weft::ReadyHandler(readiness));
  debug.Handle("GET /debug/fibers", weft::DebugFibers());

  weft::ServerOptions options{.address = ":8080"};
  options.readiness = &readiness;
  options.refusal = weft::ProblemRefusals();   // what the server itself rejects is a problem, too
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  const weft::Error err = weft::RunServices(ctx, {
      {"debug", [&](const weft::Context& c) { return weft::ListenAndServe(c, "127.0.0.1:8081", debug); }},
      {"app", [&](const weft::Context& c) { return weft::ListenAndServe(c, options, Routes()); }},
  });
  return err ? std::fprintf(stderr, "service: %s\n", err.Message().c_str()), 1 : 0;
}
