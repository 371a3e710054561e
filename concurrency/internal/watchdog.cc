// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/watchdog.h>

#include <cstdio>

#include <weft/concurrency/internal/scheduler.h>
#include <weft/concurrency/internal/thread_signals.h>

namespace weft::internal {

Watchdog::Watchdog(Scheduler& scheduler, const RunOptions& options)
    : scheduler_(scheduler),
      limit_(options.stall_limit),
      report_(options.on_stall),
      leak_(scheduler, options),
      deadlock_(scheduler, options) {
  for (const Duration limit : {options.stall_limit, options.leak_limit, options.deadlock_limit}) {
    if (limit > Duration::zero() && (pause_ == Duration::zero() || limit / 4 < pause_)) pause_ = limit / 4;
  }
}

void Watchdog::Start() {
  if (pause_ <= Duration::zero() || VirtualTime()) return;
  if (limit_ > Duration::zero()) {
    for (int i = 0; i < scheduler_.LoopCount(); ++i) seen_.push_back({&scheduler_.At(i)});
  }
  thread_ = std::thread([this] {
    BlockPipeSignal();
    Watch();
  });
}

void Watchdog::Stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard hold(lock_);
    stop_ = true;
  }
  stop_signal_.notify_one();
  thread_.join();
}

void Watchdog::Watch() {
  std::unique_lock hold(lock_);
  while (!stop_signal_.wait_for(hold, pause_, [this] { return stop_; })) {
    for (Seen& seen : seen_) Look(seen, RealNowNs());
    leak_.Look(RealNowNs());
    deadlock_.Look(RealNowNs());
  }
}

void Watchdog::Look(Seen& seen, std::int64_t now_ns) {
  const FiberCore* fiber = seen.loop->RunningForWatchdog();
  const std::uint64_t epoch = seen.loop->Epoch();
  if (fiber == nullptr || epoch != seen.epoch) {
    seen = {seen.loop, epoch, now_ns, false};
    return;
  }
  const Duration held(now_ns - seen.since_ns);
  if (seen.reported || held < limit_) return;
  seen.reported = true;
  char name[48];
  fiber->record.CopyName(name, sizeof(name));
  if (report_) {
    report_(name, held);
    return;
  }
  std::fprintf(stderr, "weft: fiber \"%s\" has held its loop for %lld ms without parking; long computations belong into Offload\n",
               name, static_cast<long long>(held.count() / 1'000'000));
}

}  // namespace weft::internal
