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
  ++waiting_count_;
  // Each waiting job needs a thread of its own: it may depend on those that run.
  if (waiting_count_ <= idle_) {
    more_.notify_one();
  } else if (static_cast<int>(threads_.size()) < threads_max_) {
    Error failed = StartThread();
    if (failed && threads_.empty()) {
      job.Unlink();
      --waiting_count_;
      return failed;
    }
  }
  if (tally_ != nullptr) tally_->Enter();
  return {};
}

Error OffloadPool::StartThread() {
  try {
    threads_.emplace_back([this] {
      BlockPipeSignal();
      t_tally = tally_;
      Work();
    });
  } catch (const std::system_error& e) {
    return Error(e.code()).Wrap("start a thread for Offload");
  }
  return {};
}

bool OffloadPool::Remove(OffloadJob& job) {
  std::lock_guard hold(lock_);
  if (!job.Linked()) return false;
  job.Unlink();
  --waiting_count_;
  if (tally_ != nullptr) tally_->Leave();
  return true;
}

void OffloadPool::Work() {
  std::unique_lock hold(lock_);
  for (;;) {
    while (OffloadJob* job = waiting_.PopFront()) {
      --waiting_count_;
      hold.unlock();
      job->run(job);
      if (tally_ != nullptr) tally_->Leave();
      hold.lock();
    }
    if (ending_) return;
    ++idle_;
    more_.wait(hold);
    --idle_;
  }
}

}  // namespace weft::internal
