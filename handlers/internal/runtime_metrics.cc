// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/runtime_metrics.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/runtime_stats.h>
#include <weft/handlers/internal/metric_registry.h>
#include <weft/handlers/log.h>

namespace weft::internal {
namespace {

double Seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

// The value that `of` gives for each loop.
template <class F>
ReadMetric::Read ForEachLoop(F of) {
  return [of] {
    std::vector<MetricValue> values;
    for (const SchedulerStats& scheduler : ListSchedulers()) {
      for (const LoopStats& loop : scheduler.loops) {
        values.push_back({{scheduler.name, std::to_string(loop.loop)}, static_cast<double>(of(loop))});
      }
    }
    return values;
  };
}

// The value that `of` gives for the pool of each scheduler.
template <class F>
ReadMetric::Read ForEachPool(F of) {
  return [of] {
    std::vector<MetricValue> values;
    for (const SchedulerStats& scheduler : ListSchedulers()) {
      values.push_back({{scheduler.name}, static_cast<double>(of(scheduler.offload))});
    }
    return values;
  };
}

// Schedulers of the same name have loops of the same name and number: of these, the longest counts.
std::vector<MetricValue> ReadLag() {
  std::map<std::pair<std::string, int>, Duration> lags;
  for (const LoopLag& one : MeasureLoopLag(CurrentContext())) {
    Duration& lag = lags[{one.scheduler, one.loop}];
    lag = std::max(lag, one.lag);
  }
  std::vector<MetricValue> values;
  for (const auto& [loop, lag] : lags) values.push_back({{loop.first, std::to_string(loop.second)}, Seconds(lag)});
  return values;
}

void AddLoopMetrics(MetricRegistry& registry) {
  const auto gauge = [&](const char* name, const char* help, ReadMetric::Read read) {
    registry.AddRead("Metrics", MetricKind::kGauge, name, help, {"scheduler", "loop"}, std::move(read));
  };
  gauge("weft_fibers", "Fibers that are alive.", ForEachLoop([](const LoopStats& loop) { return loop.fibers; }));
  gauge("weft_fiber_stacks_idle", "Stacks that are kept for new fibers.",
        ForEachLoop([](const LoopStats& loop) { return loop.idle_stacks; }));
  gauge("weft_fiber_stack_deepest_bytes", "The deepest use of a stack in a sample of the fibers that have ended.",
        ForEachLoop([](const LoopStats& loop) { return loop.deepest_stack_bytes; }));
  gauge("weft_loop_lag_seconds", "How long a message to a loop waits for its turn, measured now.", ReadLag);
}

void AddOffloadMetrics(MetricRegistry& registry) {
  const auto add = [&](MetricKind kind, const char* name, const char* help, ReadMetric::Read read) {
    registry.AddRead("Metrics", kind, name, help, {"scheduler"}, std::move(read));
  };
  add(MetricKind::kGauge, "weft_offload_threads", "Threads of the pool for code that blocks.",
      ForEachPool([](const OffloadStats& pool) { return pool.threads; }));
  add(MetricKind::kGauge, "weft_offload_busy", "Threads of the pool that are busy.",
      ForEachPool([](const OffloadStats& pool) { return pool.busy; }));
  add(MetricKind::kGauge, "weft_offload_queued", "Calls that wait for a thread of the pool.",
      ForEachPool([](const OffloadStats& pool) { return pool.queued; }));
  add(MetricKind::kGauge, "weft_offload_longest_wait_seconds", "The longest wait for a thread of the pool so far.",
      ForEachPool([](const OffloadStats& pool) { return Seconds(pool.longest_wait); }));
  add(MetricKind::kCounter, "weft_offload_done_total", "Calls that the pool has completed.",
      ForEachPool([](const OffloadStats& pool) { return pool.done; }));
  add(MetricKind::kCounter, "weft_offload_refused_total", "Calls that the pool rejected because its queue was full.",
      ForEachPool([](const OffloadStats& pool) { return pool.refused; }));
}

}  // namespace

void AddRuntimeMetrics(MetricRegistry& registry) {
  AddLoopMetrics(registry);
  AddOffloadMetrics(registry);
  registry.AddRead("Metrics", MetricKind::kCounter, "weft_log_lines_dropped_total", "Lines of the log that were dropped.", {},
                   [] { return std::vector<MetricValue>{{{}, static_cast<double>(DroppedLogLines())}}; });
}

}  // namespace weft::internal
