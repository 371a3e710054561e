// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_POOL_METRICS_H_
#define WEFT_HANDLERS_INTERNAL_POOL_METRICS_H_

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/pool_stats.h>
#include <weft/handlers/internal/metric_registry.h>

namespace weft::internal {

// The Stats of pools as metrics, which are there once there is a pool. Any thread.
class PoolMetrics {
 public:
  using Read = std::function<PoolStats()>;
  explicit PoolMetrics(MetricRegistry& registry) : registry_(registry) {}
  PoolMetrics(const PoolMetrics&) = delete;
  PoolMetrics& operator=(const PoolMetrics&) = delete;

  void Add(std::string name, Read read);

 private:
  void AddMetrics();
  void AddMetric(MetricKind kind, const char* name, const char* help, std::function<double(const PoolStats&)> value);
  std::vector<std::pair<std::string, Read>> Pools() const;

  MetricRegistry& registry_;
  mutable ThreadMutex lock_;
  std::vector<std::pair<std::string, Read>> pools_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_POOL_METRICS_H_
