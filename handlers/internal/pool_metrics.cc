// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/pool_metrics.h>

#include <chrono>

namespace weft::internal {

void PoolMetrics::Add(std::string name, Read read) {
  bool first = false;
  {
    std::lock_guard hold(lock_);
    first = pools_.empty();
    pools_.emplace_back(std::move(name), std::move(read));
  }
  if (first) AddMetrics();
}

std::vector<std::pair<std::string, PoolMetrics::Read>> PoolMetrics::Pools() const {
  std::lock_guard hold(lock_);
  return pools_;
}

void PoolMetrics::AddMetric(MetricKind kind, const char* name, const char* help, std::function<double(const PoolStats&)> value) {
  registry_.AddRead("Metrics::Add", kind, name, help, {"pool"}, [this, value = std::move(value)] {
    std::vector<MetricValue> values;
    for (const auto& [pool, read] : Pools()) values.push_back({{pool}, value(read())});
    return values;
  });
}

void PoolMetrics::AddMetrics() {
  using Member = std::uint64_t PoolStats::*;
  const auto add = [this](MetricKind kind, const char* name, const char* help, Member member) {
    AddMetric(kind, name, help, [member](const PoolStats& stats) { return static_cast<double>(stats.*member); });
  };
  add(MetricKind::kGauge, "weft_pool_open", "Objects of the pool, idle and in use.", &PoolStats::open);
  add(MetricKind::kGauge, "weft_pool_idle", "Objects of the pool that are idle.", &PoolStats::idle);
  add(MetricKind::kGauge, "weft_pool_in_use", "Objects of the pool that are in use.", &PoolStats::in_use);
  add(MetricKind::kGauge, "weft_pool_waiting", "Calls that wait for an object.", &PoolStats::waiting);
  add(MetricKind::kCounter, "weft_pool_opened_total", "Objects that were opened so far.", &PoolStats::opened);
  add(MetricKind::kCounter, "weft_pool_closed_total", "Objects that were closed so far.", &PoolStats::closed);
  add(MetricKind::kCounter, "weft_pool_failed_total", "Failed attempts to open an object.", &PoolStats::failed);
  add(MetricKind::kCounter, "weft_pool_waited_total", "Calls that had to wait for an object.", &PoolStats::waited);
  AddMetric(MetricKind::kGauge, "weft_pool_longest_wait_seconds", "The longest wait for an object so far.",
            [](const PoolStats& stats) { return std::chrono::duration<double>(stats.longest_wait).count(); });
}

}  // namespace weft::internal
