// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_WATCHDOG_H_
#define WEFT_CONCURRENCY_INTERNAL_WATCHDOG_H_

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <weft/concurrency/internal/hang_watch.h>
#include <weft/concurrency/run.h>

namespace weft::internal {

class LoopCore;
class Scheduler;

// A thread that looks at the loops a few times within the shortest limit, and reports a fiber that runs on and on, and a scheduler
// that does not go on. The loops pay two relaxed stores a switch for it, and two a sleep.
class Watchdog {
 public:
  Watchdog(Scheduler& scheduler, const RunOptions& options);
  ~Watchdog() { Stop(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void Start();
  void Stop();

 private:
  struct Seen {
    LoopCore* loop;
    std::uint64_t epoch = 0;
    std::int64_t since_ns = 0;
    bool reported = false;
  };
  void Watch();
  void Look(Seen& seen, std::int64_t now_ns);

  Scheduler& scheduler_;
  const Duration limit_;
  const StallReport report_;
  LeakWatch leak_;
  DeadlockWatch deadlock_;
  Duration pause_ = Duration::zero();  // between two looks; zero: nothing is to be watched
  std::vector<Seen> seen_;
  std::mutex lock_;
  std::condition_variable stop_signal_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_WATCHDOG_H_
