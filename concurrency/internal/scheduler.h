// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SCHEDULER_H_
#define WEFT_CONCURRENCY_INTERNAL_SCHEDULER_H_

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <weft/concurrency/internal/loop_core.h>
#include <weft/concurrency/internal/offload_pool.h>
#include <weft/concurrency/internal/stack_overflow.h>
#include <weft/concurrency/internal/watchdog.h>
#include <weft/concurrency/run.h>

namespace weft::internal {

// N loops and what serves them: the pool for Offload and the watchdog. It lives inside one call of Run, on whose thread the
// first loop runs. It ends when the last hold is given back: the main fiber has one, each group and AfterFunc one.
class Scheduler {
 public:
  explicit Scheduler(const RunOptions& options);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Runs `job` as the first fiber and drives all loops until the last hold is gone.
  Error RunUntilDone(FiberJob& job, const FiberOptions& options);

  int LoopCount() const noexcept { return static_cast<int>(loops_.size()); }
  LoopCore& At(int index) noexcept { return *loops_[static_cast<std::size_t>(index)]; }
  LoopCore& NextForSpread() noexcept;

  void Hold() noexcept { holds_.fetch_add(1, std::memory_order_relaxed); }
  void Release() noexcept;

  OffloadPool& pool() noexcept { return pool_; }
  // Some thread may still wake a fiber: virtual time must not jump.
  bool ThreadsAtWork() const noexcept { return pool_.Busy(); }
  // Everybody waits under virtual time and no timer is set.
  void ReportHang();
  void SetHangHandler(std::function<void()> on_hang) { on_hang_ = std::move(on_hang); }
  [[noreturn]] void ReportOverflow(const FiberCore& fiber) noexcept;

 private:
  void DriveLoop(LoopCore& loop);

  std::vector<std::unique_ptr<LoopCore>> loops_;
  std::atomic<std::int64_t> holds_{0};
  std::atomic<unsigned> spread_{0};
  std::function<void()> on_hang_;
  OffloadPool pool_;
  Watchdog watchdog_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_SCHEDULER_H_
