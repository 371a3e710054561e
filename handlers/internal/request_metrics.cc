// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/request_metrics.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <exception>
#include <vector>

#include <weft/handlers/access.h>
#include <weft/handlers/internal/metric_registry.h>

namespace weft::internal {
namespace {

const std::vector<std::string> kLabels = {"http_request_method", "http_route", "http_response_status_code"};
const std::vector<double> kSizes = {1024, 16 * 1024, 256 * 1024, 4 * 1024 * 1024, 64 * 1024 * 1024};

Labeled<Histogram>& AddHistogram(MetricRegistry& registry, const char* name, const char* help, std::vector<double> bounds) {
  return registry.Keep<Histogram>(
      registry.AddFamily("Metrics::Count", MetricKind::kHistogram, name, help, kLabels, std::move(bounds)));
}

// "GET /notes/{id}" is the route "/notes/{id}": the method has a label of its own.
std::string_view RouteOf(std::string_view pattern) {
  if (pattern.empty()) return "unmatched";
  const std::size_t blank = pattern.find(' ');
  return blank == pattern.npos ? pattern : pattern.substr(blank + 1);
}

}  // namespace

// What is counted for one combination of method, route and status.
struct RequestMetrics::Series : LabelEntry {
  Series(Histogram& took, Histogram& in, Histogram& out) : duration(took), request_bytes(in), response_bytes(out) {}
  Histogram& duration;
  Histogram& request_bytes;
  Histogram& response_bytes;
};

RequestMetrics::RequestMetrics(MetricRegistry& registry)
    : duration_(AddHistogram(registry, "http_server_request_duration_seconds", "Time that a request spent in its handlers.", DurationBounds())),
      request_bytes_(AddHistogram(registry, "http_server_request_body_size_bytes", "How much was read of the body of a request.", kSizes)),
      response_bytes_(AddHistogram(registry, "http_server_response_body_size_bytes", "Size of the body of a response.", kSizes)) {
  auto& active = registry.Keep<Gauge>(registry.AddFamily("Metrics::Count", MetricKind::kGauge, "http_server_active_requests",
                                                         "Requests that are in handlers.", {"http_request_method"}));
  for (std::size_t i = 0; i < kMethods.size(); ++i) active_[i] = &active.With({kMethods[i]});
}

std::size_t RequestMetrics::IndexOf(std::string_view method) {
  return static_cast<std::size_t>(std::find(kMethods.begin(), kMethods.end() - 1, method) - kMethods.begin());
}

Error RequestMetrics::Serve(const Handler& next, ResponseWriter& w, Request& r) {
  Gauge& active = *active_[IndexOf(r.Method())];
  // The metrics outlive all handlers, so there is no owner, and no reference count that all loops would share.
  AtCompletion left{&Record, std::shared_ptr<void>(std::shared_ptr<void>(), this), &r, Context(), {}, {}, {}, {}};
  const TimePoint start = Now();
  const auto returned = [&](const Error& error) {
    active.Add(-1);
    left.took = Now() - start;
    left.error = error;
    ResponseAccess::AtCompletion(w, std::move(left));
  };
  active.Add(1);
  Error error;
  try {
    error = next(w, r);
  } catch (...) {
    returned(Error::FromException(std::current_exception()));
    throw;
  }
  returned(error);
  return error;
}

void RequestMetrics::Record(const AtCompletion& left, const Outcome& outcome) {
  static_cast<RequestMetrics*>(left.owner.get())->Count(*left.request, left.took, outcome);
}

void RequestMetrics::Count(const Request& r, Duration took, const Outcome& outcome) {
  char status[12];
  const char* end = std::to_chars(status, status + sizeof(status), outcome.status).ptr;
  const std::string_view values[] = {
      kMethods[IndexOf(r.Method())], RouteOf(r.Pattern()), {status, static_cast<std::size_t>(end - status)}};
  auto& series = static_cast<Series&>(table_.FindOrMake(values, [this](LabelTable::Values all) { return Make(all); }));
  series.duration.Observe(std::chrono::duration<double>(took).count());
  series.request_bytes.Observe(static_cast<double>(RequestAccess::BodyBytesRead(r)));
  series.response_bytes.Observe(static_cast<double>(outcome.bytes));
}

std::unique_ptr<LabelEntry> RequestMetrics::Make(LabelTable::Values values) {
  return std::make_unique<Series>(duration_.With(values), request_bytes_.With(values), response_bytes_.With(values));
}

}  // namespace weft::internal
