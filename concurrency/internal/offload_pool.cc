// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/offload_pool.h>

#include <system_error>

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
  // A thread for each job that waits: it may depend on those that run.
  if (idle_ > 0) {
    --idle_;
    ++calls_;
    if (tally_ != nullptr) tally_->Enter();
    more_.notify_one();
  } else if (static_cast<int>(threads_.size()) < threads_max_) {
    Error failed = StartThread();
    if (failed && threads_.empty()) {
      job.Unlink();
      return failed;
    }
  }
  return {};
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

void OffloadPool::Work() {
  std::unique_lock hold(lock_);
  for (;;) {
    while (OffloadJob* job = waiting_.PopFront()) {
      hold.unlock();
      job->run(job);
      hold.lock();
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
