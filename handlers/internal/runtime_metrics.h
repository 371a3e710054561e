// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_RUNTIME_METRICS_H_
#define WEFT_HANDLERS_INTERNAL_RUNTIME_METRICS_H_

namespace weft::internal {

class MetricRegistry;

// The figures of schedulers and loops (concurrency/runtime_stats.h), and of the log.
void AddRuntimeMetrics(MetricRegistry& registry);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_RUNTIME_METRICS_H_
