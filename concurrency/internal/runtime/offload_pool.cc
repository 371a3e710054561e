// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/offload_pool.h>

#include <sched.h>

#include <algorithm>
#include <new>
#include <string>
#include <system_error>

#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/base/thread_signals.h>

namespace weft::internal {
namespace {

// Where loops and this pool share cores, one of its threads that has got work must not take the core from a loop that runs: the
// scheduler gives it its share, but not at once. A policy that somebody has chosen stays, and what a job starts has the usual one.
void StandBackForLoops() noexcept {
  if (sched_getscheduler(0) != SCHED_OTHER) return;
  const sched_param param{};
  sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &param);
}

}  // namespace

OffloadPool::~OffloadPool() {
  {
    std::lock_guard hold(lock_);
    ending_ = true;
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Error OffloadPool::Add(OffloadJob& job) {
  job.added_ns = NowNs();
  std::lock_guard hold(lock_);
  waiting_.PushBack(job);
  ++waiting_count_;
  if (CurrentExplorer() != nullptr) return {};
  Error failed;
  try {
    failed = CallThread();
  } catch (const std::bad_alloc&) {
    failed = ErrorAccess::NoMemory();
  }
  const bool full = !failed && queue_max_ > 0 && QueuedLocked() > queue_max_;
  if (!failed && !full) return {};
  job.Unlink();
  --waiting_count_;
  if (!full) return failed;
  ++refused_;
  return kRefused.Wrap("offload: " + std::to_string(queue_max_) + " calls wait for a thread already");
}

int OffloadPool::QueuedLocked() const noexcept {
  const int coming = static_cast<int>(threads_.size()) - idle_ - busy_.load(std::memory_order_relaxed);
  return std::max(0, waiting_count_ - coming);
}

void OffloadPool::NoteWaitLocked(const OffloadJob& job) noexcept { longest_wait_ns_ = std::max(longest_wait_ns_, NowNs() - job.added_ns); }

OffloadStats OffloadPool::Stats() {
  std::lock_guard hold(lock_);
  // The one that has waited longest may wait still.
  if (const OffloadJob* oldest = waiting_.Front()) NoteWaitLocked(*oldest);
  OffloadStats stats;
  stats.threads = static_cast<int>(threads_.size());
  stats.busy = busy_.load(std::memory_order_relaxed);
  stats.queued = QueuedLocked();
  stats.done = done_.load(std::memory_order_relaxed);
  stats.refused = refused_;
  stats.longest_wait = Duration(longest_wait_ns_);
  return stats;
}

// A thread for each job that waits: it may depend on those that run. An error: there is none that will take it.
Error OffloadPool::CallThread() {
  if (idle_ > 0) {
    --idle_;
    ++calls_;
    if (tally_ != nullptr) tally_->Enter();
    more_.notify_one();
  } else if (static_cast<int>(threads_.size()) < threads_max_) {
    Error failed = StartThread();
    if (failed && threads_.empty()) return failed;
  }
  return {};
}

std::size_t OffloadPool::Held() {
  std::lock_guard hold(lock_);
  if (idle_ == 0 && static_cast<int>(threads_.size()) >= threads_max_) return 0;
  return static_cast<std::size_t>(waiting_count_);
}

void OffloadPool::RunHeld() {
  std::lock_guard hold(lock_);
  if (CallThread()) AbortMisuse("Explore", "no thread for Offload can be started");
}

Error OffloadPool::StartThread() {
  if (tally_ != nullptr) tally_->Enter();
  try {
    threads_.emplace_back([this] {
      const PipeSignalShield no_pipe_signal;
      t_tally = tally_;
      StandBackForLoops();
      Work();
    });
  } catch (const std::system_error& e) {
    if (tally_ != nullptr) tally_->Leave();
    return Error(e.code()).Wrap("start a thread for Offload");
  } catch (const std::bad_alloc&) {
    if (tally_ != nullptr) tally_->Leave();
    return ErrorAccess::NoMemory();
  }
  return {};
}

bool OffloadPool::Remove(OffloadJob& job) {
  std::lock_guard hold(lock_);
  if (!job.Linked()) return false;
  NoteWaitLocked(job);
  job.Unlink();
  --waiting_count_;
  return true;
}

bool OffloadPool::Busy() {
  std::lock_guard hold(lock_);
  return !waiting_.Empty() || static_cast<int>(threads_.size()) > idle_;
}

void OffloadPool::RunOne(OffloadJob& job) {
  job.run(&job);
  busy_.fetch_sub(1, std::memory_order_relaxed);
  done_.fetch_add(1, std::memory_order_relaxed);
  job.end(&job);
}

void OffloadPool::Work() WEFT_NO_LOCK_ANALYSIS {
  std::unique_lock<std::mutex> hold(lock_);
  for (;;) {
    while (OffloadJob* job = waiting_.PopFront()) {
      --waiting_count_;
      NoteWaitLocked(*job);
      busy_.fetch_add(1, std::memory_order_relaxed);
      hold.unlock();
      RunOne(*job);
      hold.lock();
      if (CurrentExplorer() != nullptr && !ending_) break;
    }
    // Whoever started or called this thread has counted it as at work.
    if (tally_ != nullptr) tally_->Leave();
    if (ending_) return;
    ++idle_;
    more_.wait(hold, [this]() WEFT_NO_LOCK_ANALYSIS { return calls_ > 0 || ending_; });
    if (calls_ == 0) return;
    --calls_;
  }
}

}  // namespace weft::internal
