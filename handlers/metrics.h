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

// What a service counts, for Prometheus and those who read its text format: the service's own metrics, HTTP requests by route, and what
// schedulers, loops and pools do. What happens below the handlers is counted by a MetricsObserver (server/metrics_observer.h).
//
//   weft::Metrics metrics;                                             // in main, before servers
//   weft::Counter& made = metrics.AddCounter("notes_made_total", "Notes that were made.");
//   mux.Use(metrics.Count());                                          // the outermost middleware
//   debug_mux.Handle("GET /metrics", metrics.Serve());                 // on an address that is not public
//   ...
//   made.Add();                                                        // in any fiber or thread
//
// An addition costs some nanoseconds on a loop, a few times more on other threads, and disturbs no other loop. It takes address space,
// a MiB for each 512 numbers, and memory for what is counted. Metrics outlives the servers, handlers and fibers that use it; so does
// everything that it hands out live as long as it. All members may be called from any thread; none suspends.
//
// Names and labels are letters, digits and underscores, as Prometheus wants them; a name that is no such word or is there already aborts
// the process. By custom names of counters end in _total, and those of times and sizes in _seconds and _bytes.
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
  // The bounds are upper ones, in rising order, at most 100.
  Histogram& AddHistogram(std::string name, std::string help, std::vector<double> bounds = DurationBounds());
  Histogram& AddHistogram(std::string name, std::string help, std::initializer_list<double> bounds) {
    return AddHistogram(std::move(name), std::move(help), std::vector<double>(bounds));
  }
  Labeled<Histogram>& AddHistogram(std::string name, std::string help, std::vector<std::string> labels,
                                   std::vector<double> bounds = DurationBounds());

  // Values that exist elsewhere: `read` is called in the fiber that serves a look at the metrics, and must be quick.
  void AddCounter(std::string name, std::string help, std::vector<std::string> labels, std::function<std::vector<MetricValue>()> read);
  void AddGauge(std::string name, std::string help, std::vector<std::string> labels, std::function<std::vector<MetricValue>()> read);
  // The Stats of a pool, as weft_pool_* with the label pool="name". Several of one name are added up.
  //   metrics.Add("notes", [&] { return db.Stats(); });
  void Add(std::string name, std::function<PoolStats()> read);

  // Counts requests and takes their time, by the names of OpenTelemetry's conventions for HTTP servers:
  //   http_server_request_duration_seconds, http_server_request_body_size_bytes, http_server_response_body_size_bytes (histograms)
  //     by http_request_method ("other" for unknown ones), http_route (the Mux pattern without its method, or "unmatched") and
  //     http_response_status_code (499: the client did not wait for it)
  //   http_server_active_requests (a gauge) by http_request_method
  // Make it the outermost middleware. What the server itself refuses never comes here; MetricsObserver counts it.
  Middleware Count();

  // Serves all metrics in Prometheus' text format, version 0.0.4. In pieces, so that however many there are, no loop is held for long.
  // The middleware Compress makes it gzip for who accepts that. Suspends for up to 50 ms to learn how long loops let work wait.
  Handler Serve();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_METRICS_H_
