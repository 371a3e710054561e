// SPDX-License-Identifier: Apache-2.0

// How main supervises several servers and a worker on plain threads; a signal ends them from the last to the first.
#include <csignal>
#include <cstdio>
#include <string_view>
#include <weft/concurrency/run.h>
#include <weft/concurrency/services.h>
#include <weft/concurrency/sync.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

weft::WaitGroup listening;

weft::Error Worker(const weft::Context& ctx) {
  if (weft::Error err = listening.Wait(ctx)) return err;
  std::raise(SIGTERM);  // in place of the user's Ctrl-C
  return ctx.Wait();
}

int main() {
  weft::Mux app_mux, debug_mux;
  weft::ServerOptions app_options{.address = "127.0.0.1:0"}, debug_options{.address = "127.0.0.1:0"};
  listening.Add(2);
  app_options.on_listen = debug_options.on_listen = [&](std::string_view) { listening.Done(); };

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::Error err = weft::RunServices(ctx, {
      {"debug", [&](const weft::Context& c) { return weft::ListenAndServe(c, debug_options, debug_mux); }},
      {"app", [&](const weft::Context& c) { return weft::ListenAndServe(c, app_options, app_mux); }},
      {"worker", [&](const weft::Context& c) { return weft::Run(c, Worker); }},
  });
  if (err) {
    std::fprintf(stderr, "%s\n", err.Message().c_str());
    return 1;
  }
}
