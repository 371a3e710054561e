// SPDX-License-Identifier: Apache-2.0
//
// docs/observe.md: a service that is watched in every way.
#include <csignal>
#include <cstdio>
#include <string>

#include <weft/concurrency/crash_report.h>
#include <weft/concurrency/pool_stats.h>
#include <weft/concurrency/runtime_stats.h>
#include <weft/concurrency/services.h>
#include <weft/handlers/debug/debug_fibers.h>
#include <weft/handlers/debug/health.h>
#include <weft/handlers/debug/run_checks.h>
#include <weft/handlers/metrics.h>
#include <weft/handlers/middleware/access_log.h>
#include <weft/handlers/middleware/request_id.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/listen_and_serve.h>
#include <weft/server/metrics_observer.h>
#include <weft/server/server_stats.h>

namespace {

struct Pool {
  weft::PoolStats Stats() const { return {.open = 1, .idle = 1}; }
};

weft::Error IsDiskThere(const weft::Context&) { return {}; }

// Hears of one kind of event.
class Alarm final : public weft::Observer {
 public:
  void OnLoopStalled(const weft::LoopStalled& event) override {
    std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(event.server.size()), event.server.data(),
                 static_cast<int>(event.fiber.size()), event.fiber.data());
  }
};

}  // namespace

int main() {
  weft::InstallCrashReport();
  weft::Metrics metrics;
  weft::MetricsObserver observer(metrics);
  weft::Readiness readiness;
  Alarm alarm;
  const Pool db;

  weft::Counter& mails = metrics.AddCounter("mails_sent_total", "Mails that were sent.");
  weft::Labeled<weft::Histogram>& jobs = metrics.AddHistogram("job_duration_seconds", "Time that a job takes.", {"kind"});
  weft::Histogram& imports = jobs.With({"import"});
  metrics.Add("notes", [&] { return db.Stats(); });
  metrics.AddGauge("schedulers", "Schedulers of this process.", {}, [] {
    return std::vector<weft::MetricValue>{{{}, static_cast<double>(weft::ListSchedulers().size())}};
  });
  mails.Add();
  imports.Observe(1.5);

  weft::Mux app;
  app.Use(metrics.Count());
  app.Use(weft::RequestId());
  app.Use(weft::AccessLog());
  app.Handle("GET /{$}", [](weft::ResponseWriter& w, weft::Request&) { return w.Write("hello\n"); });

  weft::Mux debug;
  debug.Handle("GET /metrics", metrics.Serve());
  debug.Handle("GET /debug/fibers", weft::DebugFibers());
  debug.Handle("/healthz", weft::HealthHandler());
  debug.Handle("/readyz", weft::ReadyHandler(readiness));

  weft::ServerOptions app_options{.address = ":8080"};
  app_options.name = "app";
  app_options.readiness = &readiness;
  app_options.observers = {&weft::DefaultObserver(), &observer, &alarm};
  weft::ServerOptions debug_options{.address = "127.0.0.1:8081", .loops = 1};
  debug_options.name = "debug";

  weft::ReadinessHold index = readiness.Hold("reads its index");
  index.Release();  // once it is read

  auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
  weft::Error err = weft::RunServices(ctx, {
      {"debug", [&](const weft::Context& c) { return weft::ListenAndServe(c, debug_options, debug); }},
      {"checks", [&](const weft::Context& c) { return weft::RunChecks(c, readiness, {{"disk", IsDiskThere}}); }},
      {"app", [&](const weft::Context& c) { return weft::ListenAndServe(c, app_options, app); }},
  });
  for (const weft::ServerStats& server : weft::ListServers()) std::printf("%s still serves\n", server.name.c_str());
  return err ? 1 : 0;
}
