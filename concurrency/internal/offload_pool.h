// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OFFLOAD_POOL_H_
#define WEFT_CONCURRENCY_INTERNAL_OFFLOAD_POOL_H_

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/list.h>
#include <weft/concurrency/internal/thread_tally.h>

namespace weft::internal {

// One piece of work for a pool thread. Its owner keeps it until `run` has returned or Remove was true.
struct OffloadJob : Link<> {
  void (*run)(OffloadJob*) = nullptr;
};

// Threads for code that blocks. They are made when work waits and nobody is free, up to the limit, and joined at the end, after
// all jobs that were added.
class OffloadPool {
 public:
  // `tally` is that of a test under virtual time, or null.
  OffloadPool(int threads_max, ThreadTally* tally) : threads_max_(threads_max), tally_(tally) {}
  ~OffloadPool();
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;

  // An error means that the job was not taken: it would need the first thread, and that could not be started.
  Error Add(OffloadJob& job);
  // Under Explore jobs are held until the loop chooses one: RunHeld lets a thread take the oldest. Held: how many it could choose.
  std::size_t Held();
  void RunHeld();
  // True if the job was taken out before a thread began it.
  bool Remove(OffloadJob& job);
  // Whether anything runs or waits for a thread.
  bool Busy();

 private:
  Error CallThread();
  Error StartThread();
  void Work();

  const int threads_max_;
  ThreadTally* const tally_;
  std::mutex lock_;
  std::condition_variable more_;
  List<OffloadJob> waiting_;
  std::vector<std::thread> threads_;
  int idle_ = 0;  // threads that nobody has called
  int calls_ = 0;  // to idle threads, which have not woken up yet
  bool ending_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OFFLOAD_POOL_H_
