// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/offload_pool.h>

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

void OffloadPool::Add(OffloadJob& job) {
  std::lock_guard hold(lock_);
  waiting_.PushBack(job);
  if (idle_ > 0) {
    more_.notify_one();
  } else if (static_cast<int>(threads_.size()) < threads_max_) {
    threads_.emplace_back([this] {
      BlockPipeSignal();
      Work();
    });
  }
}

bool OffloadPool::Remove(OffloadJob& job) {
  std::lock_guard hold(lock_);
  if (!job.Linked()) return false;
  job.Unlink();
  return true;
}

bool OffloadPool::Busy() const {
  std::lock_guard hold(lock_);
  return running_ > 0 || idle_ < static_cast<int>(threads_.size()) || !const_cast<List<OffloadJob>&>(waiting_).Empty();
}

void OffloadPool::Work() {
  std::unique_lock hold(lock_);
  for (;;) {
    while (OffloadJob* job = waiting_.PopFront()) {
      ++running_;
      hold.unlock();
      job->run(job);
      hold.lock();
      --running_;
    }
    if (ending_) return;
    ++idle_;
    more_.wait(hold);
    --idle_;
  }
}

}  // namespace weft::internal
