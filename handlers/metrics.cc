// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/metrics.h>

#include <mutex>
#include <utility>

#include <weft/handlers/internal/metric_registry.h>
#include <weft/handlers/internal/metric_text.h>
#include <weft/handlers/internal/pool_metrics.h>
#include <weft/handlers/internal/request_metrics.h>
#include <weft/handlers/internal/runtime_metrics.h>

namespace weft {

using internal::MetricFamily;
using internal::MetricKind;

struct Metrics::State {
  internal::MetricRegistry registry;
  internal::PoolMetrics pools{registry};
  std::once_flag counts;
  std::unique_ptr<internal::RequestMetrics> requests;  // once Count was called
};

Metrics::Metrics() : state_(std::make_unique<State>()) { internal::AddRuntimeMetrics(state_->registry); }
Metrics::~Metrics() = default;

Counter& Metrics::AddCounter(std::string name, std::string help) {
  return *state_->registry.AddFamily("Metrics::AddCounter", MetricKind::kCounter, std::move(name), std::move(help), {}).With({}).counter;
}

Labeled<Counter>& Metrics::AddCounter(std::string name, std::string help, std::vector<std::string> labels) {
  return state_->registry.Keep<Counter>(
      state_->registry.AddFamily("Metrics::AddCounter", MetricKind::kCounter, std::move(name), std::move(help), std::move(labels)));
}

Gauge& Metrics::AddGauge(std::string name, std::string help) {
  return *state_->registry.AddFamily("Metrics::AddGauge", MetricKind::kGauge, std::move(name), std::move(help), {}).With({}).gauge;
}

Labeled<Gauge>& Metrics::AddGauge(std::string name, std::string help, std::vector<std::string> labels) {
  return state_->registry.Keep<Gauge>(
      state_->registry.AddFamily("Metrics::AddGauge", MetricKind::kGauge, std::move(name), std::move(help), std::move(labels)));
}

Histogram& Metrics::AddHistogram(std::string name, std::string help, std::vector<double> bounds) {
  MetricFamily& family = state_->registry.AddFamily("Metrics::AddHistogram", MetricKind::kHistogram, std::move(name), std::move(help), {},
                                              std::move(bounds));
  return *family.With({}).histogram;
}

Labeled<Histogram>& Metrics::AddHistogram(std::string name, std::string help, std::vector<std::string> labels,
                                          std::vector<double> bounds) {
  return state_->registry.Keep<Histogram>(state_->registry.AddFamily("Metrics::AddHistogram", MetricKind::kHistogram, std::move(name),
                                                         std::move(help), std::move(labels), std::move(bounds)));
}

void Metrics::AddCounter(std::string name, std::string help, std::vector<std::string> labels,
                         std::function<std::vector<MetricValue>()> read) {
  state_->registry.AddRead("Metrics::AddCounter", MetricKind::kCounter, std::move(name), std::move(help), std::move(labels), std::move(read));
}

void Metrics::AddGauge(std::string name, std::string help, std::vector<std::string> labels,
                       std::function<std::vector<MetricValue>()> read) {
  state_->registry.AddRead("Metrics::AddGauge", MetricKind::kGauge, std::move(name), std::move(help), std::move(labels), std::move(read));
}

void Metrics::Add(std::string name, std::function<PoolStats()> read) { state_->pools.Add(std::move(name), std::move(read)); }

Middleware Metrics::Count() {
  std::call_once(state_->counts, [this] { state_->requests = std::make_unique<internal::RequestMetrics>(state_->registry); });
  internal::RequestMetrics& requests = *state_->requests;
  return [&requests](Handler next) -> Handler {
    return [&requests, next = std::move(next)](ResponseWriter& w, Request& r) { return requests.Serve(next, w, r); };
  };
}

Handler Metrics::Serve() {
  return [registry = &state_->registry](ResponseWriter& w, Request&) -> Error {
    w.Header().Set("Content-Type", internal::kMetricTextType);
    w.Header().Set("Cache-Control", "no-store");
    internal::MetricWriter out(w);
    for (const internal::MetricSource* source : registry->Sources()) {
      if (Error err = source->WriteTo(out)) return err;
    }
    return out.Flush();
  };
}

}  // namespace weft
