// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/testing.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/random.h>
#include <weft/concurrency/internal/run/main_job.h>
#include <weft/concurrency/internal/runtime/explorer.h>
#include <weft/concurrency/internal/runtime/loop_list.h>
#include <weft/concurrency/internal/runtime/scheduler.h>

namespace weft::internal {
namespace {

// Far enough from zero for tests that look back, and not a time that a real clock is likely to show.
constexpr std::int64_t kTestBeginsNs = 1'000'000'000'000'000;

class VirtualClock {
 public:
  VirtualClock() { g_virtual_now.store(kTestBeginsNs, std::memory_order_release); }
  ~VirtualClock() { g_virtual_now.store(kRealTime, std::memory_order_release); }
  VirtualClock(const VirtualClock&) = delete;
  VirtualClock& operator=(const VirtualClock&) = delete;
};

void CheckClockIsFree() {
  if (CurrentLoop() != nullptr) AbortMisuse("RunTest", "it makes a loop of its own: it cannot be called in a fiber or another RunTest");
  if (VirtualTime()) AbortMisuse("RunTest", "another RunTest has the clock of the process: one at a time");
  if (!LoopList::Empty()) AbortMisuse("RunTest", "other loops run in this process: virtual time would break their timers");
}

// Schedulers of tests that could not end.
void KeepForEver(std::unique_ptr<Scheduler> scheduler) {
  static auto* kept = new std::vector<std::unique_ptr<Scheduler>>;
  kept->push_back(std::move(scheduler));
}

// Decides what happens when no fiber can continue.
class TestWatch {
 public:
  TestWatch(Scheduler& scheduler, const CancelScope& scope) : scheduler_(scheduler), scope_(scope) {}

  bool MayJump(bool more) {
    if (body_ended) {
      OnLeak();
      return false;
    }
    if (!more) OnHang();
    return more;
  }
  // Some fibers never stop running. First they are asked to stop.
  void OnEndless() {
    const std::string tree = FormatFiberTree(ListFibers());
    if (error_) {
      std::fprintf(stderr, "weft: Explore: the schedule has not ended after the test was canceled:\n%s", tree.c_str());
      std::abort();
    }
    error_ = Error::New("the schedule does not end; these fibers are left:\n" + tree);
    scope_.cancel(error_);
  }
  const Error& error() const { return error_; }
  bool abandoned() const { return abandoned_; }

  bool body_ended = false;

 private:
  void OnHang() {
    const std::string tree = FormatFiberTree(ListFibers());
    if (error_) {
      std::fprintf(stderr, "weft: RunTest: deadlock; these fibers still wait after the test was canceled, and nothing can wake them:\n%s", tree.c_str());
      std::abort();
    }
    error_ = ErrorAccess::Coded(Errc::kDeadlock, Error::New("all fibers wait and nothing can wake them:\n" + tree));
    scope_.cancel(error_);
  }

  void OnLeak() {
    if (leak_seen_) {
      abandoned_ = true;
      scheduler_.Abandon();
      return;
    }
    leak_seen_ = true;
    std::string what = "the test has ended, and " + std::to_string(scheduler_.Holds()) + " of its groups, StopFuncs or servers have not";
    const std::string tree = FormatFiberTree(ListFibers());
    what += tree.empty() ? "; no fiber is left" : "; these fibers are left:\n" + tree;
    const Error leak = ErrorAccess::Coded(Errc::kLeaked, Error::New(what));
    if (!error_) error_ = leak;
    scope_.cancel(leak);
  }

  Scheduler& scheduler_;
  const CancelScope& scope_;
  Error error_;
  bool leak_seen_ = false;
  bool abandoned_ = false;
};

}  // namespace

Error RunTestMain(const TestOptions& options, UniqueFunction<Error(const Context&)>& body) {
  CheckClockIsFree();
  VirtualClock clock;
  // The choices of Select are the same each time, too.
  t_random = CurrentExplorer() != nullptr ? CurrentExplorer()->Random() : 0;
  const std::string_view name = RunOptions().name;
  auto scheduler = std::make_unique<Scheduler>(SchedulerOptions{1, options.stack_bytes, options.offload_threads, options.offload_queue, name});
  const CancelScope scope = WithCancel(Background());
  TestWatch watch(*scheduler, scope);
  scheduler->SetIdleHandler([&watch](bool more) { return watch.MayJump(more); });
  if (Explorer* explorer = CurrentExplorer()) explorer->on_endless = [&watch] { watch.OnEndless(); };
  UniqueFunction<Error(const Context&)> main([&](const Context& ctx) -> Error {
    const Error err = CallGuarded(body, ctx);
    watch.body_ended = true;
    return err;
  });
  MainJob job(*scheduler, scope.ctx, main);
  FiberOptions fiber;
  fiber.name = options.name;
  fiber.context = &scope.ctx;
  if (Error failed = scheduler->RunUntilDone(job, fiber)) return failed;
  if (watch.abandoned()) KeepForEver(std::move(scheduler));
  if (watch.error()) return watch.error();
  return job.TakeResult();
}

}  // namespace weft::internal
