// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_REQUEST_METRICS_H_
#define WEFT_HANDLERS_INTERNAL_REQUEST_METRICS_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include <weft/concurrency/clock.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/internal/completion.h>
#include <weft/handlers/internal/label_table.h>
#include <weft/handlers/metric.h>

namespace weft::internal {

class MetricRegistry;

// What Metrics::Count counts.
class RequestMetrics {
 public:
  explicit RequestMetrics(MetricRegistry& registry);
  RequestMetrics(const RequestMetrics&) = delete;
  RequestMetrics& operator=(const RequestMetrics&) = delete;

  // Lets `next` serve, and counts the outcome once the response is complete.
  Error Serve(const Handler& next, ResponseWriter& w, Request& r);

 private:
  static constexpr std::array<std::string_view, 10> kMethods = {"GET",     "HEAD",  "POST",  "PUT",   "DELETE",
                                                                "CONNECT", "OPTIONS", "TRACE", "PATCH", "other"};
  struct Series;

  static std::size_t IndexOf(std::string_view method);
  static void Record(const AtCompletion& left, const Outcome& outcome);
  void Count(const Request& r, Duration took, const Outcome& outcome);
  std::unique_ptr<LabelEntry> Make(LabelTable::Values values);

  Labeled<Histogram>& duration_;
  Labeled<Histogram>& request_bytes_;
  Labeled<Histogram>& response_bytes_;
  std::array<Gauge*, kMethods.size()> active_;
  LabelTable table_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_REQUEST_METRICS_H_
