// SPDX-License-Identifier: Apache-2.0

// A backend as its user would write it: an application server, a worker, and a debug server that outlives the drain of both, started
// and ended in order. Ctrl-C or SIGTERM ends it in good order; a second Ctrl-C kills.
//
//   build/release/examples/service --address 127.0.0.1:8080 --debug-address 127.0.0.1:6060 &
//   curl http://127.0.0.1:8080/hello/anna
//   curl 'http://127.0.0.1:8080/fanout?n=8&hang=1' & curl http://127.0.0.1:6060/debug/fibers
//
// Exit code: 0 after a clean drain, 1 otherwise, 2 for flags that it does not understand.

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <weft/concurrency/run.h>
#include <weft/concurrency/services.h>
#include <weft/handlers/debug/debug_fibers.h>
#include <weft/handlers/debug/health.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/recover.h>
#include <weft/handlers/readiness.h>
#include <weft/server/listen_and_serve.h>

#include "../flags.h"
#include "../tls_flags.h"
#include "app.h"
#include "jobs.h"
#include "self_client.h"

namespace {

struct Settings {
  weft::ServerOptions app{.address = "127.0.0.1:8080"};
  weft::ServerOptions debug{.address = "127.0.0.1:6060", .loops = 1};
  bool access_log = false;
  bool verbose = false;
};

Settings ReadFlags(int argc, char** argv) {
  Settings settings;
  Flags flags(argc, argv,
              "usage: service [--address HOST:PORT] [--debug-address HOST:PORT] [--loops N] [--drain-timeout SECONDS] "
              "[--access-log] [--verbose] [--tls-cert FILE --tls-key FILE [--tls-client-ca FILE] | --tls-self-signed]");
  TlsFlags tls;
  while (flags.Next()) {
    if (flags.Is("--address")) {
      settings.app.address = flags.Text();
    } else if (flags.Is("--debug-address")) {
      settings.debug.address = flags.Text();
    } else if (flags.Is("--loops")) {
      settings.app.loops = flags.Number(1, 1024);
    } else if (flags.Is("--drain-timeout")) {
      const std::chrono::duration<double> seconds(flags.Number(0.0, 86400.0));
      settings.app.drain_timeout = std::chrono::duration_cast<weft::Duration>(seconds);
    } else if (flags.Is("--access-log")) {
      settings.access_log = true;
    } else if (flags.Is("--verbose")) {
      settings.verbose = true;
    } else if (!tls.Take(flags)) {
      flags.Unknown();
    }
  }
  settings.app.tls = tls.Load(flags);
  if (weft::Error err = settings.app.Validate()) flags.Fail("--address: " + err.Message());
  if (weft::Error err = settings.debug.Validate()) flags.Fail("--debug-address: " + err.Message());
  return settings;
}

void Announce(const char* what, std::string_view bound) {
  std::printf("%s on %s\n", what, bound.data());
  std::fflush(stdout);
}

// With TLS the service asks itself in plain text, on a socket of its own: it shows no certificate.
weft::ServerOptions ForItself(SelfClient& self) {
  weft::ServerOptions options{.address = "unix:@weft-service-" + std::to_string(getpid()), .loops = 1};
  options.on_listen = [&self](std::string_view bound) { self.SetServer(bound); };
  return options;
}

weft::Error Serve(Settings& settings) {
  SelfClient self;
  JobQueue jobs;
  weft::Readiness readiness;

  weft::Mux app = MakeApp(self, jobs);
  if (settings.access_log) app.Use(weft::AccessLog());
  app.Use(weft::Recover());
  settings.app.readiness = &readiness;
  settings.app.on_listen = [&self, plain = !settings.app.tls](std::string_view bound) {
    if (plain) self.SetServer(bound);
    Announce("listening", bound);
  };

  weft::Mux debug_app;
  debug_app.Handle("GET /debug/fibers", weft::DebugFibers());
  debug_app.Handle("/healthz", weft::HealthHandler());
  debug_app.Handle("/readyz", weft::ReadyHandler(readiness));
  settings.debug.on_listen = [](std::string_view bound) { Announce("debug", bound); };

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  // They end from the last to the first: nobody adds jobs any more when the worker does those that are left, and the debug server tells
  // how that goes.
  std::vector<weft::Service> services = {
      {"debug", [&](const weft::Context& c) { return weft::ListenAndServe(c, settings.debug, debug_app); }},
      {"worker", [&](const weft::Context& c) {
         const weft::RunOptions options{.loops = 1, .name = "worker"};
         return weft::Run(c, options, [&](const weft::Context& worker_ctx) { return WorkOff(worker_ctx, jobs); });
       }},
  };
  if (settings.app.tls) {
    services.push_back({"itself", [&](const weft::Context& c) { return weft::ListenAndServe(c, ForItself(self), app); }});
  }
  services.push_back({"app", [&](const weft::Context& c) { return weft::ListenAndServe(c, settings.app, app); }});
  return weft::RunServices(ctx, std::move(services));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings = ReadFlags(argc, argv);
  // weft logs to the logger of this name: failures, and with --verbose or --access-log also what is usual, such as the steps of a drain.
  const bool all = settings.verbose || settings.access_log;
  spdlog::stderr_color_mt("weft")->set_level(all ? spdlog::level::info : spdlog::level::warn);
  if (weft::Error err = Serve(settings)) {
    std::fprintf(stderr, "service: %s\n", err.Message().c_str());
    return 1;
  }
}
