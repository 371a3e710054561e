// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_METRIC_REGISTRY_H_
#define WEFT_HANDLERS_INTERNAL_METRIC_REGISTRY_H_

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/loop_cells.h>
#include <weft/handlers/internal/metric_family.h>

namespace weft::internal {

// All metrics of one Metrics. Any thread.
class MetricRegistry {
 public:
  MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // These abort, and name `function`, if the name, a label or the bounds are not valid.
  MetricFamily& AddFamily(const char* function, MetricKind kind, std::string name, std::string help, std::vector<std::string> labels,
                          std::vector<double> bounds = {});
  void AddRead(const char* function, MetricKind kind, std::string name, std::string help, std::vector<std::string> labels,
               ReadMetric::Read read);
  // Keeps what Labeled, a handle on a family, is made of.
  template <class T>
  Labeled<T>& Keep(MetricFamily& family);

  // In the order in which they were added. They live as long as this.
  std::vector<const MetricSource*> Sources() const;

 private:
  void Check(const char* function, MetricKind kind, const std::string& name, const std::vector<std::string>& labels,
             const std::vector<double>& bounds) WEFT_REQUIRES(lock_);

  LoopCells cells_;
  mutable ThreadMutex lock_;
  std::set<std::string> names_ WEFT_GUARDED_BY(lock_);  // of what stands in lines
  std::vector<std::unique_ptr<MetricSource>> sources_ WEFT_GUARDED_BY(lock_);
  std::vector<std::shared_ptr<void>> handles_ WEFT_GUARDED_BY(lock_);
};

template <class T>
Labeled<T>& MetricRegistry::Keep(MetricFamily& family) {
  auto handle = std::make_shared<Labeled<T>>(family);
  std::lock_guard hold(lock_);
  handles_.push_back(handle);
  return *handle;
}

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_METRIC_REGISTRY_H_
