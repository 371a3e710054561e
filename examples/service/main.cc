// SPDX-License-Identifier: Apache-2.0

// A backend as its user would write it: notes in a database, a page that shows them live, uploads; a worker; and a debug server that
// outlives the drain of both, with metrics and probes. Ctrl-C or SIGTERM ends it in good order; a second Ctrl-C kills. With a certificate
// (--tls-cert) SIGHUP has it read anew.
//
//   build/release/examples/service --database notes.db --files uploads --access-log &
//   xdg-open http://127.0.0.1:8080
//   curl --json '{"title":"tea","text":"green"}' http://127.0.0.1:8080/api/notes
//   curl http://127.0.0.1:6060/metrics
//
// main.cc puts the parts together, app.cc has the routes; to make it yours, begin with note.h. Exit code: 0 after a clean drain, 1
// otherwise, 2 for flags that it does not understand.

#include <csignal>
#include <cstdio>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <weft/handlers/log_pattern.h>
#include <weft/weft.h>

#include "app.h"
#include "certificates.h"
#include "neighbour.h"
#include "settings.h"
#include "storage.h"

namespace {

void Announce(const char* what, std::string_view bound) {
  std::printf("%s on %s\n", what, bound.data());
  std::fflush(stdout);
}

// weft logs to the logger of this name, and so does the service: failures, and with --verbose or --access-log also what is usual. Each
// line has the id of the request that it is about.
void SetUpLog(const Settings& settings) {
  const auto logger = spdlog::stderr_color_mt("weft");
  weft::SetLogPattern(*logger, "%Y-%m-%d %H:%M:%S.%e %^%l%$ [%q] %v");
  logger->set_level(settings.verbose || settings.access_log ? spdlog::level::info : spdlog::level::warn);
}

// What only those who run the service can reach.
weft::Mux MakeDebug(weft::Metrics& metrics, const weft::Readiness& readiness) {
  weft::Mux mux;
  mux.Handle("GET /metrics", metrics.Serve());
  mux.Handle("GET /debug/fibers", weft::DebugFibers());
  mux.Handle("/healthz", weft::HealthHandler());
  mux.Handle("/readyz", weft::ReadyHandler(readiness));
  return mux;
}

void CompleteOptions(Settings& settings, Neighbour& neighbour, weft::Observer& counting, weft::Readiness& readiness) {
  settings.app.name = "app";
  settings.app.readiness = &readiness;
  settings.app.refusal = weft::ProblemRefusals();
  settings.app.on_listen = [&neighbour, plain = !settings.app.tls](std::string_view bound) {
    if (plain) neighbour.Found(bound);
    Announce("listening", bound);
  };
  settings.debug.name = "debug";
  settings.debug.on_listen = [](std::string_view bound) { Announce("debug", bound); };
  settings.app.observers = settings.debug.observers = {&weft::DefaultObserver(), &counting};
}

weft::Error Serve(Settings& settings) {
  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});  // first: a signal that comes early ends in good order, too
  std::optional<weft::Signals> hangups;  // without a certificate to reload SIGHUP kills, as usual
  if (settings.app.tls) hangups.emplace(std::initializer_list<int>{SIGHUP});
  weft::Metrics metrics;  // before everything that counts
  weft::MetricsObserver counting(metrics);
  weft::Readiness readiness;
  // It belongs to main: it outlives the servers and the loops that use it.
  weft::HttpClient client({.propagate = {.request_id = true}});
  metrics.Add("client", [&client] { return client.Stats(); });
  Neighbour neighbour(client);
  JobQueue jobs;
  weft::Result<Storage> storage = Storage::Open(ctx, settings.database, settings.files, metrics);
  if (weft::Error err = storage.Err()) return err;
  weft::Result<weft::Mux> app = MakeApp({.notes = storage->Notes(),
                                         .jobs = jobs,
                                         .neighbour = neighbour,
                                         .metrics = metrics,
                                         .files_folder = storage->FilesFolder(),
                                         .page_folder = settings.page,
                                         .access_log = settings.access_log});
  if (weft::Error err = app.Err()) return err;
  const weft::Mux debug = MakeDebug(metrics, readiness);
  CompleteOptions(settings, neighbour, counting, readiness);

  // They end from the last to the first: no jobs are added any more when the worker does those that are left, and the debug server reports
  // how that goes.
  std::vector<weft::Service> services = {
      {"debug", [&](const weft::Context& c) { return weft::ListenAndServe(c, settings.debug, debug); }},
      {"checks", [&](const weft::Context& c) {
         const auto check = [&notes = storage->Notes()](const weft::Context& check_ctx) { return notes.Check(check_ctx); };
         return weft::RunChecks(c, readiness, {{"database", check}});
       }},
      {"changes", [&](const weft::Context& c) {
         const weft::RunOptions options{.loops = 1, .name = "changes"};
         return weft::Run(c, options, [&](const weft::Context& watch_ctx) { return storage->Notes().Watch(watch_ctx); });
       }},
      {"worker", [&](const weft::Context& c) {
         const weft::RunOptions options{.loops = 1, .name = "worker"};
         return weft::Run(c, options, [&](const weft::Context& worker_ctx) { return WorkOff(worker_ctx, jobs); });
       }},
  };
  if (settings.app.tls) {
    services.push_back({"certificates", [&](const weft::Context& c) { return ReloadOnSignal(c, *hangups, *settings.app.tls); }});
    services.push_back({"itself", [&](const weft::Context& c) { return weft::ListenAndServe(c, ServerForItself(neighbour), *app); }});
  }
  services.push_back({"app", [&](const weft::Context& c) {
     if (settings.app.tls) {
       if (weft::Error err = neighbour.AwaitFound(c)) return err;
     }
     return weft::ListenAndServe(c, settings.app, *app);
   }});
  return weft::RunServices(ctx, std::move(services));
}

}  // namespace

int main(int argc, char** argv) {
  weft::InstallCrashReport();
  Settings settings = ReadFlags(argc, argv);
  SetUpLog(settings);
  if (weft::Error err = Serve(settings)) {
    std::fprintf(stderr, "service: %s\n", err.Message().c_str());
    return 1;
  }
}
