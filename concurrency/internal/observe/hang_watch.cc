// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/observe/hang_watch.h>

#include <cstdio>
#include <string>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/internal/base/thread_signals.h>
#include <weft/concurrency/internal/base/to_stderr.h>
#include <weft/concurrency/internal/observe/registry.h>
#include <weft/concurrency/internal/runtime/scheduler.h>

namespace weft::internal {
namespace {
// "1.5s"
std::string SecondsText(Duration d) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1fs", static_cast<double>(d.count()) / 1e9);
  return text;
}
}  // namespace

LeakWatch::LeakWatch(Scheduler& scheduler, const RunOptions& options)
    : scheduler_(scheduler), limit_(options.leak_limit), report_(options.on_leak), main_name_(options.name), next_(limit_) {}

void LeakWatch::Look(std::int64_t now_ns) {
  if (limit_ <= Duration::zero() || !scheduler_.MainEnded()) return;
  const std::vector<FiberInfo> fibers = Registry::List(&scheduler_);
  if (GoesOn(fibers)) {
    since_ns_ = now_ns;
    next_ = limit_;
    return;
  }
  const Duration waited(now_ns - since_ns_);
  if (waited < next_ || holds_ == 0) return;
  next_ *= 2;
  Report(fibers, waited);
}

bool LeakWatch::GoesOn(const std::vector<FiberInfo>& fibers) {
  std::set<std::uint64_t> live;
  for (const FiberInfo& fiber : fibers) {
    if (!begun_ || left_.count(fiber.id) != 0) live.insert(fiber.id);
  }
  const std::int64_t holds = scheduler_.Holds();
  const bool goes_on = !begun_ || holds < holds_ || live.size() < left_.size();
  begun_ = true;
  left_ = std::move(live);
  holds_ = holds;
  return goes_on;
}

void LeakWatch::Report(const std::vector<FiberInfo>& fibers, Duration waited) const {
  if (report_) {
    report_(fibers, waited);
    return;
  }
  ToStderr("weft: \"" + main_name_ + "\" has returned, but Run cannot: " + std::to_string(holds_) +
           " of its groups, StopFuncs or servers " + (holds_ == 1 ? "is" : "are") + " left, and none has ended for " + SecondsText(waited) + "; " +
           (fibers.empty() ? "no fiber is left, so some other object keeps one of them" : "these fibers are left:") + "\n" + FormatFiberTree(fibers));
}

// False if the scheduler continues, or can continue by itself.
bool DeadlockWatch::ReadSleeps(std::vector<std::uint64_t>& sleeps) const {
  for (int i = 0; i < scheduler_.LoopCount(); ++i) {
    const std::uint64_t sleep = scheduler_.At(i).Idle();
    if (sleep == 0 || sleep % 2 != 0) return false;
    sleeps.push_back(sleep);
  }
  return !scheduler_.MainEnded() && !scheduler_.pool().Busy() && g_signal_watches.load(std::memory_order_relaxed) == 0;
}

void DeadlockWatch::Look(std::int64_t now_ns) {
  if (limit_ <= Duration::zero() || fed_from_outside_) return;
  std::vector<std::uint64_t> sleeps;
  const bool stuck = ReadSleeps(sleeps);
  if (!stuck || sleeps != sleeps_) {
    fed_from_outside_ = reported_;
    sleeps_ = stuck ? std::move(sleeps) : std::vector<std::uint64_t>();
    since_ns_ = now_ns;
    return;
  }
  const Duration waited(now_ns - since_ns_);
  if (reported_ || waited < limit_) return;
  const std::vector<FiberInfo> fibers = Registry::List(&scheduler_);
  if (fibers.empty()) return;
  reported_ = true;
  Report(fibers, waited);
}

void DeadlockWatch::Report(const std::vector<FiberInfo>& fibers, Duration waited) const {
  if (report_) {
    report_(fibers, waited);
    return;
  }
  const std::string who = fibers.size() == 1 ? "the only fiber has" : "all " + std::to_string(fibers.size()) + " fibers have";
  ToStderr("weft: " + who + " waited for " + SecondsText(waited) +
           ", and no timer, descriptor or offload is pending: nothing inside this scheduler can wake them\n" + FormatFiberTree(fibers));
}

}  // namespace weft::internal
