// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/metric_registry.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include <weft/concurrency/error.h>
#include <weft/handlers/internal/metric_text.h>

namespace weft::internal {
namespace {

constexpr std::size_t kBoundsMax = 100;

// The names of the lines of a metric.
std::vector<std::string> LinesOf(MetricKind kind, const std::string& name) {
  if (kind != MetricKind::kHistogram) return {name};
  return {name, name + "_bucket", name + "_sum", name + "_count"};
}

[[noreturn]] void Refuse(const char* function, const std::string& rule) { AbortMisuse(function, rule.c_str()); }

}  // namespace

MetricRegistry::MetricRegistry() {
  AddRead("Metrics", MetricKind::kCounter, "weft_metrics_overflow_total",
          "How often values of labels were new when a metric already had the maximum number of series.", {"metric"}, [this] {
            std::vector<MetricValue> values;
            for (const MetricSource* source : Sources()) {
              const std::uint64_t overflow = source->Overflow();
              if (overflow != 0) values.push_back({{source->name()}, static_cast<double>(overflow)});
            }
            return values;
          });
}

void MetricRegistry::Check(const char* function, MetricKind kind, const std::string& name, const std::vector<std::string>& labels,
                           const std::vector<double>& bounds) {
  if (!IsMetricName(name)) Refuse(function, "\"" + name + "\" is not a name: use letters, digits, underscores and colons, and no digit at its start");
  for (const std::string& line : LinesOf(kind, name)) {
    if (names_.count(line) != 0) Refuse(function, "there is already a metric \"" + line + "\"");
  }
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool taken = std::count(labels.begin(), labels.end(), labels[i]) > 1 || (kind == MetricKind::kHistogram && labels[i] == "le");
    if (!IsLabelName(labels[i]) || taken) Refuse(function, "\"" + labels[i] + "\" cannot be the name of a label here");
  }
  if (bounds.size() > kBoundsMax) Refuse(function, "a histogram can have at most 100 bounds");
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const bool rises = i == 0 || bounds[i - 1] < bounds[i];
    if (!std::isfinite(bounds[i]) || !rises) Refuse(function, "bounds must be finite and in rising order");
  }
}

MetricFamily& MetricRegistry::AddFamily(const char* function, MetricKind kind, std::string name, std::string help,
                                        std::vector<std::string> labels, std::vector<double> bounds) {
  std::lock_guard hold(lock_);
  Check(function, kind, name, labels, bounds);
  const std::vector<std::string> lines = LinesOf(kind, name);
  auto family =
      std::make_unique<MetricFamily>(cells_, kind, std::move(name), std::move(help), std::move(labels), std::move(bounds));
  MetricFamily& added = *family;
  sources_.push_back(std::move(family));
  names_.insert(lines.begin(), lines.end());
  return added;
}

void MetricRegistry::AddRead(const char* function, MetricKind kind, std::string name, std::string help, std::vector<std::string> labels,
                             ReadMetric::Read read) {
  std::lock_guard hold(lock_);
  Check(function, kind, name, labels, {});
  names_.insert(name);
  sources_.push_back(std::make_unique<ReadMetric>(kind, std::move(name), std::move(help), std::move(labels), std::move(read)));
}

std::vector<const MetricSource*> MetricRegistry::Sources() const {
  std::lock_guard hold(lock_);
  std::vector<const MetricSource*> all;
  all.reserve(sources_.size());
  for (const auto& source : sources_) all.push_back(source.get());
  return all;
}

}  // namespace weft::internal
