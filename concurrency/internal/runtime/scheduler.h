// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_SCHEDULER_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_SCHEDULER_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <weft/concurrency/internal/runtime/loop_core.h>
#include <weft/concurrency/internal/runtime/loop_host.h>
#include <weft/concurrency/internal/runtime/offload_pool.h>
#include <weft/concurrency/internal/runtime/stack_overflow.h>
#include <weft/concurrency/internal/runtime/thread_tally.h>

namespace weft::internal {

// The watchdog thread, as the scheduler sees it; Watchdog implements it.
class WatchdogThread {
 public:
  virtual void Start() = 0;  // throws std::system_error
  virtual void Stop() = 0;
  // For a sentinel of a loop: from a fiber of the scheduler.
  virtual Error Add(LoopSentinel& sentinel, const Context& ctx) = 0;
  virtual void Remove(LoopSentinel& sentinel) noexcept = 0;

 protected:
  ~WatchdogThread() = default;
};

// The options of a Scheduler; see RunOptions.
struct SchedulerOptions {
  int loops;  // 0: as many as there are CPUs
  std::size_t stack_bytes;
  int offload_threads;  // 0: four for each loop
  int offload_queue;
  std::string_view name;
};

// N loops, and the pool for Offload. It lives within one call of Run, on whose thread the first loop runs. It ends when the last hold is
// released: the main fiber has one, and so do each group and AfterFunc.
class Scheduler final : private LoopHost {
 public:
  explicit Scheduler(const SchedulerOptions& options);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Before RunUntilDone, which starts and stops it. Without one, sentinels are not called.
  void SetWatchdog(WatchdogThread& watchdog) noexcept { watchdog_ = &watchdog; }

  // Runs `job` as the first fiber and drives all loops until the last hold is released. An error means that it was not started.
  Error RunUntilDone(FiberJob& job, const FiberOptions& options);

  // RunOptions::name.
  const std::string& name() const noexcept { return name_; }
  int LoopCount() const noexcept override { return static_cast<int>(loops_.size()); }
  LoopCore& At(int index) noexcept { return *loops_[static_cast<std::size_t>(index)]; }
  LoopCore& NextForSpread() noexcept;

  void Hold() noexcept { holds_.fetch_add(1, std::memory_order_relaxed); }
  // For code that found the scheduler in a list: false if nothing holds it any more.
  bool TryHold() noexcept;
  void Release() noexcept;
  std::int64_t Holds() const noexcept { return holds_.load(std::memory_order_relaxed); }

  // The first fiber has ended; whatever still exists is left over.
  void NoteMainEnded() noexcept { main_ended_.store(true, std::memory_order_relaxed); }
  bool MainEnded() const noexcept { return main_ended_.load(std::memory_order_relaxed); }

  OffloadPool& pool() noexcept { return pool_; }
  WatchdogThread* watchdog() noexcept { return watchdog_; }
  // Under virtual time: what decides MayJump.
  void SetIdleHandler(std::function<bool(bool more)> on_idle) { on_idle_ = std::move(on_idle); }
  // Ends a test that cannot end by itself: its loop stops where it is. The scheduler must then be kept forever, because code
  // may still refer to it; this takes it out of the lists.
  void Abandon() noexcept;

 private:
  ThreadTally& Threads() noexcept override { return tally_; }
  bool MayJump(bool more) override;
  std::size_t HeldJobs() noexcept override { return pool_.Held(); }
  void RunHeldJob() override { pool_.RunHeld(); }
  [[noreturn]] void ReportOverflow(const FiberCore& fiber) noexcept override;

  void DriveLoop(LoopCore& loop);
  Error StartThreads(std::vector<std::thread>& threads);

  const std::string name_;
  std::vector<std::unique_ptr<LoopCore>> loops_;
  std::atomic<std::int64_t> holds_{0};
  std::atomic<bool> main_ended_{false};
  std::atomic<unsigned> spread_{0};
  std::function<bool(bool)> on_idle_;
  ThreadTally tally_;
  OffloadPool pool_;
  WatchdogThread* watchdog_ = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_SCHEDULER_H_
