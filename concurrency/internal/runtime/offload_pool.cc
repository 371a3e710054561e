// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/offload_pool.h>

#include <sched.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <string>
#include <system_error>

#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/explore_point.h>
#include <weft/concurrency/internal/base/thread_signals.h>

namespace weft::internal {
namespace {

// If loops and this pool share cores, a pool thread that gets work must not take the core from a running loop: the
// scheduler gives it its share, but not at once. A policy that the program has chosen is kept. What a job starts inherits this one:
// SCHED_RESET_ON_FORK would reset only those of real-time threads.
void StandBackForLoops() noexcept {
  if (sched_getscheduler(0) != SCHED_OTHER) return;
  const sched_param param{};
  sched_setscheduler(0, SCHED_BATCH, &param);
}

}  // namespace

OffloadPool::~OffloadPool() {
  {
    std::lock_guard hold(lock_);
    ending_ = true;
  }
  more_.notify_all();
  JoinAll();
}

void OffloadPool::JoinAll() {
  for (std::thread& thread : threads_) thread.join();
}

Error OffloadPool::Add(OffloadJob& job) {
  job.added_ns = NowNs();
  bool idle = false;
  Error failed;
  {
    std::lock_guard hold(lock_);
    failed = AddLocked(job, idle);
  }
  if (idle) more_.notify_one();
  return failed;
}

Error OffloadPool::AddLocked(OffloadJob& job, bool& idle) {
  if (queue_max_ > 0 && CurrentExplorer() == nullptr && waiting_count_ + 1 - FreeLocked() > queue_max_) {
    ++refused_;
    return kRefused.Wrap("offload: " + std::to_string(queue_max_) + (queue_max_ == 1 ? " call waits" : " calls wait") + " for a thread already");
  }
  waiting_.PushBack(job);
  ++waiting_count_;
  if (CurrentExplorer() != nullptr || coming_ > 0) return {};  // that one calls the next
  Error failed;
  try {
    failed = CallThread(idle);
  } catch (const std::bad_alloc&) {
    failed = ErrorAccess::NoMemory();
  }
  if (failed) {
    job.Unlink();
    --waiting_count_;
  }
  return failed;
}

int OffloadPool::FreeLocked() const noexcept { return threads_max_ - busy_.load(std::memory_order_relaxed); }

int OffloadPool::QueuedLocked() const noexcept { return std::max(0, waiting_count_ - FreeLocked()); }

void OffloadPool::NoteWaitLocked(const OffloadJob& job) noexcept { longest_wait_ns_ = std::max(longest_wait_ns_, NowNs() - job.added_ns); }

OffloadStats OffloadPool::Stats() {
  std::lock_guard hold(lock_);
  // The one that has waited longest may still be waiting.
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

// A thread for each job that waits, since it may depend on those that run. But one at a time, and each calls the next before it begins its
// job: jobs that arrive together are often done before a second thread gets the core, and waking one costs more than many a job. `idle`:
// the caller notifies, after it has released the lock that the thread needs. An error: no thread will take the job.
Error OffloadPool::CallThread(bool& idle) {
  if (idle_ > 0) {
    --idle_;
    ++calls_;
    ++coming_;
    if (tally_ != nullptr) tally_->Enter();
    idle = true;
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
  bool idle = false;
  {
    std::lock_guard hold(lock_);
    if (CallThread(idle)) AbortMisuse("Explore", "no thread for Offload can be started");
  }
  if (idle) more_.notify_one();
}

Error OffloadPool::StartThread() {
  if (tally_ != nullptr) tally_->Enter();
  try {
    threads_.emplace_back([this] {  // which needs the lock before it does anything
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
  ++coming_;
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

// If no thread can be started, the existing ones take the job.
void OffloadPool::CallOneMore(bool& idle) noexcept {
  try {
    static_cast<void>(CallThread(idle));
  } catch (const std::bad_alloc&) {
  }
}

void OffloadPool::Work() {
  std::unique_lock<std::mutex> hold(lock_);
  --coming_;
  for (;;) {
    while (OffloadJob* job = waiting_.PopFront()) {
      --waiting_count_;
      NoteWaitLocked(*job);
      busy_.fetch_add(1, std::memory_order_relaxed);
      bool idle = false;
      if (waiting_count_ > 0 && coming_ == 0 && CurrentExplorer() == nullptr) CallOneMore(idle);
      hold.unlock();
      if (idle) more_.notify_one();
      RunOne(*job);
      hold.lock();
      if (CurrentExplorer() != nullptr && !ending_) break;
    }
    // The code that started or called this thread has counted it as at work.
    if (tally_ != nullptr) tally_->Leave();
    if (ending_) return;
    ++idle_;
    while (calls_ == 0 && !ending_) more_.wait(hold);
    if (calls_ == 0) return;
    --calls_;
    --coming_;
  }
}

}  // namespace weft::internal
