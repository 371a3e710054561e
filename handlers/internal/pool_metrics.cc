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
  add(MetricKind::kGauge, "weft_pool_open", "What the pool holds, idle and in use.", &PoolStats::open);
  add(MetricKind::kGauge, "weft_pool_idle", "What the pool holds and nobody uses.", &PoolStats::idle);
  add(MetricKind::kGauge, "weft_pool_in_use", "What is lent out.", &PoolStats::in_use);
  add(MetricKind::kGauge, "weft_pool_waiting", "Calls that wait for one.", &PoolStats::waiting);
  add(MetricKind::kCounter, "weft_pool_opened_total", "What was opened so far.", &PoolStats::opened);
  add(MetricKind::kCounter, "weft_pool_closed_total", "What was closed so far.", &PoolStats::closed);
  add(MetricKind::kCounter, "weft_pool_failed_total", "Attempts to open one that failed.", &PoolStats::failed);
  add(MetricKind::kCounter, "weft_pool_waited_total", "Calls that could not have one at once.", &PoolStats::waited);
  AddMetric(MetricKind::kGauge, "weft_pool_longest_wait_seconds", "The longest wait for one so far.",
            [](const PoolStats& stats) { return std::chrono::duration<double>(stats.longest_wait).count(); });
}

}  // namespace weft::internal
