// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_OFFLOAD_POOL_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_OFFLOAD_POOL_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <thread>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/list.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/internal/runtime/thread_tally.h>
#include <weft/concurrency/offload_stats.h>

namespace weft::internal {

// One piece of work for a pool thread. Its owner keeps it until `end` or until Remove was true.
struct OffloadJob : Link<> {
  void (*run)(OffloadJob*) = nullptr;
  // Called after `run`, when the pool has counted the job as done: notifies the owner, which may destroy it then.
  void (*end)(OffloadJob*) = nullptr;
  std::int64_t added_ns = 0;
};

// Threads for code that blocks. They are made when work waits and none is free, up to the limit, and joined at the end, after
// all jobs that were added. When all are at work, a limited number of jobs waits for one of them.
class OffloadPool {
 public:
  // `queue_max` 0: no limit. `tally` is that of a test under virtual time, or null.
  OffloadPool(int threads_max, int queue_max, ThreadTally* tally) : threads_max_(threads_max), queue_max_(queue_max), tally_(tally) {}
  ~OffloadPool();
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;

  // An error means that the job was not taken: kRefused if too many wait already; another one if it would need the first thread, and
  // that could not be started.
  Error Add(OffloadJob& job);
  // Under Explore jobs are held until the loop chooses one: RunHeld lets a thread take the oldest. Held: how many it could choose.
  std::size_t Held();
  void RunHeld();
  // True if the job was taken out before a thread began it.
  bool Remove(OffloadJob& job);
  // Whether anything runs or waits for a thread.
  bool Busy();
  OffloadStats Stats();

 private:
  Error AddLocked(OffloadJob& job, bool& idle) WEFT_REQUIRES(lock_);
  Error CallThread(bool& idle) WEFT_REQUIRES(lock_);
  void CallOneMore(bool& idle) noexcept WEFT_REQUIRES(lock_);
  Error StartThread() WEFT_REQUIRES(lock_);
  void JoinAll() WEFT_NO_LOCK_ANALYSIS;  // no other thread adds one any more
  void Work() WEFT_NO_LOCK_ANALYSIS;  // waits on more_
  void RunOne(OffloadJob& job);
  void NoteWaitLocked(const OffloadJob& job) noexcept WEFT_REQUIRES(lock_);
  // Threads that are free, including those that could still be started.
  int FreeLocked() const noexcept;
  // Jobs that wait because all threads are busy.
  int QueuedLocked() const noexcept WEFT_REQUIRES(lock_);

  const int threads_max_;
  const int queue_max_;
  ThreadTally* const tally_;
  ThreadMutex lock_;
  std::condition_variable more_;
  List<OffloadJob> waiting_ WEFT_GUARDED_BY(lock_);
  int waiting_count_ WEFT_GUARDED_BY(lock_) = 0;
  std::vector<std::thread> threads_ WEFT_GUARDED_BY(lock_);
  int idle_ WEFT_GUARDED_BY(lock_) = 0;    // threads that were not called
  int calls_ WEFT_GUARDED_BY(lock_) = 0;   // to idle threads, which have not woken up yet
  int coming_ WEFT_GUARDED_BY(lock_) = 0;  // the same, plus those that were started and have not got the lock yet
  bool ending_ WEFT_GUARDED_BY(lock_) = false;
  std::uint64_t refused_ WEFT_GUARDED_BY(lock_) = 0;
  std::int64_t longest_wait_ns_ WEFT_GUARDED_BY(lock_) = 0;
  // Also written by threads that do not have the lock.
  std::atomic<int> busy_{0};
  std::atomic<std::uint64_t> done_{0};
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_OFFLOAD_POOL_H_
