// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/runtime_stats.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include <weft/concurrency/event.h>
#include <weft/concurrency/internal/observe/registry.h>
#include <weft/concurrency/internal/runtime/loop_list.h>
#include <weft/concurrency/internal/runtime/scheduler.h>

namespace weft {
namespace {

using internal::HeldLoop;
using internal::LoopCore;
using internal::NowNs;

constexpr std::int64_t kPending = -1;

// What a measurement and its probes share: a probe on a loop that is held may outlive the measurement.
struct Measurement {
  explicit Measurement(std::size_t loops) : lags(loops), left(loops) {
    for (auto& lag : lags) lag.store(kPending, std::memory_order_relaxed);
  }
  const std::int64_t start = NowNs();
  std::vector<std::atomic<std::int64_t>> lags;
  std::atomic<std::size_t> left;
  Event all;
};

struct Probe : LoopTask {
  Probe(std::shared_ptr<Measurement> m, std::size_t i, HeldLoop on)
      : LoopTask(&OnTurn), measurement(std::move(m)), index(i), loop(std::move(on)) {}

  static void OnTurn(LoopTask* task) {
    const std::unique_ptr<Probe> self(static_cast<Probe*>(task));
    Measurement& to = *self->measurement;
    to.lags[self->index].store(std::max<std::int64_t>(NowNs() - to.start, 0), std::memory_order_relaxed);
    if (to.left.fetch_sub(1, std::memory_order_acq_rel) == 1) to.all.Set();
  }

  const std::shared_ptr<Measurement> measurement;
  const std::size_t index;
  const HeldLoop loop;  // which cannot end before this
};

}  // namespace

std::vector<SchedulerStats> ListSchedulers() {
  std::vector<SchedulerStats> all;
  std::vector<const internal::Scheduler*> schedulers;  // of `all`; those that were made at the same time have their loops mixed
  internal::LoopList::ForEach([&](LoopCore& loop) {
    internal::Scheduler& scheduler = loop.scheduler();
    const auto found = std::find(schedulers.begin(), schedulers.end(), &scheduler);
    const auto at = static_cast<std::size_t>(found - schedulers.begin());
    if (found == schedulers.end()) {
      schedulers.push_back(&scheduler);
      all.push_back({scheduler.name(), {}, scheduler.pool().Stats()});
    }
    all[at].loops.push_back({loop.index(), loop.LiveFibers(), loop.IdleFibers(), loop.StackBytes(), loop.DeepestStack(),
                             Duration(loop.HeldNs())});
  });
  return all;
}

std::vector<LoopLag> MeasureLoopLag(const Context& ctx, Duration limit) {
  std::vector<HeldLoop> loops = internal::Registry::HoldAll();
  std::vector<LoopLag> found;
  found.reserve(loops.size());
  for (const HeldLoop& loop : loops) found.push_back({loop->scheduler().name(), loop->index(), {}});
  if (loops.empty()) return found;

  const auto measurement = std::make_shared<Measurement>(loops.size());
  for (std::size_t i = 0; i < loops.size(); ++i) {
    LoopCore& loop = *loops[i];
    auto* probe = new Probe(measurement, i, std::move(loops[i]));  // deletes itself when it has run
    loop.Pin();
    loop.PushRemote(*probe);
    loop.Unpin();
  }
  const CancelScope limited = WithTimeout(ctx, limit);
  static_cast<void>(measurement->all.Wait(limited.ctx));

  const std::int64_t so_far = std::max<std::int64_t>(NowNs() - measurement->start, 0);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::int64_t lag = measurement->lags[i].load(std::memory_order_relaxed);
    found[i].lag = Duration(lag == kPending ? so_far : lag);
  }
  return found;
}

}  // namespace weft
