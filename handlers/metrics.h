// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_METRICS_H_
#define WEFT_HANDLERS_METRICS_H_

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/pool_stats.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/metric.h>

namespace weft {

// What a service counts, for Prometheus and everything that reads its text format: the service's
// own metrics, HTTP requests by route, and figures of schedulers, loops and pools. What happens
// below the handlers is counted by a MetricsObserver (server/metrics_observer.h).
//
//   weft::Metrics metrics;                                     // in main, before servers
//   weft::Counter& made = metrics.AddCounter("notes_made_total", "Notes that were made.");
//   mux.Use(metrics.Count());                                  // the outermost middleware
//   debug_mux.Handle("GET /metrics", metrics.Serve());         // on an address that is not public
//   made.Add();                                                // in any fiber or thread
//
// An addition costs some nanoseconds on a loop and a few times more on other threads, and does not
// disturb other loops. It takes address space, 1 MiB for each 512 numbers, and memory for what is
// counted. A Metrics must outlive the servers, handlers and fibers that use it. The objects that it
// returns live as long as it does. All members may be called from any thread; none suspends.
//
// Names and labels consist of letters, digits and underscores, as Prometheus requires. A name that
// does not, or that exists already, aborts the process. By convention names of counters end in
// _total, and those of times and sizes in _seconds and _bytes.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter& AddCounter(std::string name, std::string help);
  Labeled<Counter>& AddCounter(std::string name, std::string help, std::vector<std::string> labels);
  Gauge& AddGauge(std::string name, std::string help);
  Labeled<Gauge>& AddGauge(std::string name, std::string help, std::vector<std::string> labels);
  // The bounds are upper ones, in ascending order, at most 100.
  Histogram& AddHistogram(std::string name, std::string help,
                          std::vector<double> bounds = DurationBounds());
  Histogram& AddHistogram(std::string name, std::string help,
                          std::initializer_list<double> bounds) {
    return AddHistogram(std::move(name), std::move(help), std::vector<double>(bounds));
  }
  Labeled<Histogram>& AddHistogram(std::string name, std::string help,
                                   std::vector<std::string> labels,
                                   std::vector<double> bounds = DurationBounds());

  // Values that exist elsewhere. `read` is called in the fiber that serves the metrics, and must be
  // quick.
  void AddCounter(std::string name, std::string help, std::vector<std::string> labels,
                  std::function<std::vector<MetricValue>()> read);
  void AddGauge(std::string name, std::string help, std::vector<std::string> labels,
                std::function<std::vector<MetricValue>()> read);
  // The Stats of a pool, as weft_pool_* with the label pool="name". Several pools with one name are
  // added up.
  //   metrics.Add("notes", [&] { return db.Stats(); });
  void Add(std::string name, std::function<PoolStats()> read);

  // Counts requests and measures their time, by the names of OpenTelemetry's conventions for HTTP
  // servers:
  //   http_server_request_duration_seconds, http_server_request_body_size_bytes,
  //     http_server_response_body_size_bytes (histograms) by http_request_method ("other" for
  //     unknown ones), http_route (the Mux pattern without its method, or "unmatched") and
  //     http_response_status_code (499: the client did not wait for it)
  //   http_server_active_requests (a gauge) by http_request_method
  // It counts once the response is complete; the time is that in the handlers, the sizes are those
  // of bodies as read and sent. Make it the outermost middleware. Requests that the server itself
  // rejects never get here; MetricsObserver counts them.
  Middleware Count();

  // Serves all metrics in Prometheus' text format, version 0.0.4. It writes in pieces, so that no
  // loop is held for long, however many there are. The middleware Compress sends it as gzip to
  // clients that accept that. Suspends for up to 50 ms to measure how long work waits for a loop.
  Handler Serve();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_METRICS_H_
