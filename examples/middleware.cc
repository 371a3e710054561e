// SPDX-License-Identifier: Apache-2.0

// What most services put around their handlers, in its order, the outermost first.
//
//   build/release/examples/middleware --address 127.0.0.1:8080 &
//   curl -i http://127.0.0.1:8080/slow
//   curl -i http://127.0.0.1:8080/ -H 'X-Forwarded-For: 203.0.113.7'

#include <chrono>
#include <csignal>
#include <cstdio>

#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/cross_origin_protection.h>
#include <weft/handlers/middleware/forwarded_peer.h>
#include <weft/handlers/middleware/problem_details.h>
#include <weft/handlers/middleware/rate_limit.h>
#include <weft/handlers/middleware/request_id.h>
#include <weft/handlers/middleware/security_headers.h>
#include <weft/handlers/middleware/timeout.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

#include "flags.h"

weft::Mux Routes() {
  weft::Mux mux;
  mux.Use(weft::RequestId());  // each log line names its request
  mux.Use(weft::AccessLog({.format = weft::AccessFormat::kJson}));  // sees what others respond
  mux.Use(weft::ForwardedPeer({.trusted = {"127.0.0.1"}}));  // before anything asks for the client
  mux.Use(weft::ProblemDetails());                           // errors of what is inside as JSON
  mux.Use(weft::SecurityHeaders());
  mux.Use(weft::RateLimit({.rate = 50, .burst = 100}));
  mux.Use(weft::CrossOriginProtection());
  mux.Handle("/{$}", [](weft::ResponseWriter& w, weft::Request& r) {
    return w.Write("hello, " + r.Peer() + "\n");
  });
  mux.Handle("GET /slow", [](auto&, weft::Request& r) { return r.Ctx().Wait(); },
             {weft::Timeout(std::chrono::milliseconds(20))});
  return mux;
}

int main(int argc, char** argv) {
  weft::ServerOptions options{.address = "127.0.0.1:8080"};
  Flags flags(argc, argv, "usage: middleware [--address HOST:PORT]");
  while (flags.Next()) {
    if (!flags.Is("--address")) flags.Unknown();
    options.address = flags.Text();
  }
  if (weft::Error err = options.Validate()) flags.Fail("--address: " + err.Message());
  options.on_listen = [](std::string_view bound) {
    std::printf("listening on %s\n", bound.data());
    std::fflush(stdout);
  };
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  if (weft::Error err = weft::ListenAndServe(ctx, options, Routes())) {
    std::fprintf(stderr, "middleware: %s\n", err.Message().c_str());
    return 1;
  }
}
