// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OFFLOAD_POOL_H_
#define WEFT_CONCURRENCY_INTERNAL_OFFLOAD_POOL_H_

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <weft/concurrency/internal/list.h>

namespace weft::internal {

// One piece of work for a pool thread. Its owner keeps it until `run` has returned or Remove was true.
struct OffloadJob : Link<> {
  void (*run)(OffloadJob*) = nullptr;
};

// Threads for code that blocks. They are made when work waits and nobody is free, up to the limit, and joined at the end, after
// all jobs that were added.
class OffloadPool {
 public:
  explicit OffloadPool(int threads_max) : threads_max_(threads_max) {}
  ~OffloadPool();
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;

  void Add(OffloadJob& job);
  // True if the job was taken out before a thread began it.
  bool Remove(OffloadJob& job);
  bool Busy() const;

 private:
  void Work();

  const int threads_max_;
  mutable std::mutex lock_;
  std::condition_variable more_;
  List<OffloadJob> waiting_;
  std::vector<std::thread> threads_;
  int idle_ = 0;
  int running_ = 0;
  bool ending_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OFFLOAD_POOL_H_
