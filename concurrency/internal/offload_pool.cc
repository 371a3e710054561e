// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/offload_pool.h>

#include <system_error>

#include <weft/concurrency/internal/explorer.h>
#include <weft/concurrency/internal/thread_signals.h>

namespace weft::internal {

OffloadPool::~OffloadPool() {
  {
    std::lock_guard hold(lock_);
    ending_ = true;
  }
  more_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Error OffloadPool::Add(OffloadJob& job) {
  std::lock_guard hold(lock_);
  waiting_.PushBack(job);
  if (CurrentExplorer() != nullptr) return {};
  Error failed = CallThread();
  if (failed) job.Unlink();
  return failed;
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
  std::size_t held = 0;
  for (OffloadJob* job = waiting_.Front(); job != nullptr; job = waiting_.Next(*job)) ++held;
  return held;
}

void OffloadPool::RunHeld() {
  std::lock_guard hold(lock_);
  if (CallThread()) AbortMisuse("Explore", "no thread for Offload can be started");
}

Error OffloadPool::StartThread() {
  if (tally_ != nullptr) tally_->Enter();
  try {
    threads_.emplace_back([this] {
      BlockPipeSignal();
      t_tally = tally_;
      Work();
    });
  } catch (const std::system_error& e) {
    if (tally_ != nullptr) tally_->Leave();
    return Error(e.code()).Wrap("start a thread for Offload");
  }
  return {};
}

bool OffloadPool::Remove(OffloadJob& job) {
  std::lock_guard hold(lock_);
  if (!job.Linked()) return false;
  job.Unlink();
  return true;
}

bool OffloadPool::Busy() {
  std::lock_guard hold(lock_);
  return !waiting_.Empty() || static_cast<int>(threads_.size()) > idle_;
}

void OffloadPool::Work() {
  std::unique_lock hold(lock_);
  for (;;) {
    while (OffloadJob* job = waiting_.PopFront()) {
      hold.unlock();
      job->run(job);
      hold.lock();
      if (CurrentExplorer() != nullptr && !ending_) break;
    }
    // Whoever started or called this thread has counted it as at work.
    if (tally_ != nullptr) tally_->Leave();
    if (ending_) return;
    ++idle_;
    more_.wait(hold, [this] { return calls_ > 0 || ending_; });
    if (calls_ == 0) return;
    --calls_;
  }
}

}  // namespace weft::internal
