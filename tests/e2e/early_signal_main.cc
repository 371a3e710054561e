// SPDX-License-Identifier: Apache-2.0
//
// The mains that early_signal_test.cc starts, in the shapes that documents show and users have written.
//
//   early_signal_main one|services|group|run
//
// Says "watching" when signals are watched; from then on it must end with 0 on SIGTERM, at whatever moment that comes.
#include <csignal>
#include <cstdio>
#include <string_view>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/services.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>

namespace {

using weft::Context;
using weft::Error;

const weft::ServerOptions kOptions{.address = "127.0.0.1:0", .loops = 1};

Error Serve(const Context& ctx) { return weft::ListenAndServe(ctx, kOptions, weft::Mux()); }
Error Worker(const Context& ctx) { return ctx.Wait(); }

Error Services(const Context& ctx) {
  return weft::RunServices(ctx, {
      {"debug", Serve},
      {"app", Serve},
      {"worker", [](const Context& c) { return weft::Run(c, {.loops = 1}, Worker); }},
  });
}

// What users wrote before there was RunServices: one member ends another's context.
Error OneEndsTheOther(const Context& ctx) {
  weft::CancelScope debug = weft::WithCancel(weft::WithoutCancel(ctx));
  weft::Group group(ctx);
  group.Go("debug", [&](const Context&) { return Serve(debug.ctx); });
  group.Go("app", [&](const Context& c) {
    Error err = Serve(c);
    debug.cancel();
    return err;
  });
  group.Go("worker", [](const Context& c) { return weft::IgnoreCanceled(weft::Run(c, {.loops = 1}, Worker)); });
  return group.Wait();
}

Error InFibers(const Context& ctx) {
  return weft::Run(ctx, {.loops = 2}, [](const Context& run_ctx) {
    weft::Group group(run_ctx, {.spread = true});
    for (int i = 0; i < 4; ++i) group.Go("worker", Worker);
    return weft::IgnoreCanceled(group.Wait());
  });
}

}  // namespace

int main(int, char** argv) {
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  std::puts("watching");
  std::fflush(stdout);
  const std::string_view shape = argv[1];
  const Error err = shape == "one" ? Serve(ctx) : shape == "services" ? Services(ctx) : shape == "group" ? OneEndsTheOther(ctx) : InFibers(ctx);
  if (err) {
    std::fprintf(stderr, "%s\n", err.Message().c_str());
    return 1;
  }
}
