// SPDX-License-Identifier: Apache-2.0

// How main supervises several servers and a worker on plain threads; a signal drains all of them.
#include <csignal>
#include <cstdio>
#include <string_view>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/sync.h>
#include <weft/handlers/mux.h>
#include <weft/server/listen_and_serve.h>

weft::Error Worker(const weft::Context& ctx) { return ctx.Wait(); }

int main() {
  weft::Mux app_mux, debug_mux;
  weft::ServerOptions app_options{.address = "127.0.0.1:0"}, debug_options{.address = "127.0.0.1:0"};
  weft::WaitGroup listening;
  listening.Add(2);
  app_options.on_listen = debug_options.on_listen = [&](std::string_view) { listening.Done(); };

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::CancelScope debug = weft::WithCancel(weft::WithoutCancel(ctx));
  weft::Group group(ctx);
  group.Go("debug", [&](const weft::Context&) { return weft::ListenAndServe(debug.ctx, debug_options, debug_mux); });
  group.Go("app", [&](const weft::Context& group_ctx) {
    weft::Error err = weft::ListenAndServe(group_ctx, app_options, app_mux);
    debug.cancel();
    return err;
  });
  group.Go("worker", [&](const weft::Context& group_ctx) { return weft::Run(group_ctx, Worker); });

  if (weft::Error err = listening.Wait(group.Ctx())) return 1;
  std::raise(SIGTERM);  // in place of the user's Ctrl-C
  if (weft::Error err = group.Wait()) {
    std::fprintf(stderr, "%s\n", err.Message().c_str());
    return 1;
  }
}
