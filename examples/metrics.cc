// SPDX-License-Identifier: Apache-2.0

// A service that is watched: what it counts, and how its loops and servers do, on an address of its own.
//
//   build/release/examples/metrics --address 127.0.0.1:8080 --debug-address 127.0.0.1:8081 &
//   curl -d 'buy tea' http://127.0.0.1:8080/notes
//   curl http://127.0.0.1:8081/metrics

#include <csignal>
#include <cstdio>
#include <string>
#include <weft/concurrency/services.h>
#include <weft/handlers/metrics.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>
#include <weft/server/metrics_observer.h>

#include "flags.h"

int main(int argc, char** argv) {
  weft::Metrics metrics;  // before everything that counts
  weft::MetricsObserver observer(metrics);
  weft::Labeled<weft::Counter>& notes = metrics.AddCounter("notes_total", "Notes that came.", {"kept"});
  weft::Histogram& sizes = metrics.AddHistogram("notes_size_bytes", "How long notes are.", {64, 256, 1024});
  weft::Counter& kept = notes.With({"yes"});  // once: then Add takes a few nanoseconds
  weft::Counter& dropped = notes.With({"no"});

  weft::Mux app;
  app.Use(metrics.Count());  // the outermost
  app.Handle("POST /notes", [&](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
    weft::Result<std::string> text = r.Body().ReadAll();
    if (weft::Error err = text.Err()) return err;
    (text->empty() ? dropped : kept).Add();
    sizes.Observe(static_cast<double>(text->size()));
    return w.Write(text->empty() ? "nothing\n" : "noted\n");
  });
  weft::Mux debug;  // not for the public
  debug.Handle("GET /metrics", metrics.Serve());

  weft::ServerOptions options{.address = "127.0.0.1:8080"}, debug_options{.address = "127.0.0.1:8081", .loops = 1};
  Flags flags(argc, argv, "usage: metrics [--address HOST:PORT] [--debug-address HOST:PORT]");
  while (flags.Next()) {
    if (!flags.Is("--address") && !flags.Is("--debug-address")) flags.Unknown();
    (flags.Is("--address") ? options : debug_options).address = flags.Text();
  }
  options.name = "app";
  options.observers = debug_options.observers = {&weft::DefaultObserver(), &observer};
  debug_options.name = "debug";
  setvbuf(stdout, nullptr, _IOLBF, 0);
  options.on_listen = [](std::string_view bound) { std::printf("app: %s\n", bound.data()); };
  debug_options.on_listen = [](std::string_view bound) { std::printf("debug: %s\n", bound.data()); };

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  const weft::Error err = weft::RunServices(ctx, {
      {"debug", [&](const weft::Context& c) { return weft::ListenAndServe(c, debug_options, debug); }},
      {"app", [&](const weft::Context& c) { return weft::ListenAndServe(c, options, app); }},
  });
  if (err) std::fprintf(stderr, "metrics: %s\n", err.Message().c_str());
  return err ? 1 : 0;
}
