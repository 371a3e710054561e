// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_WATCHDOG_H_
#define WEFT_CONCURRENCY_INTERNAL_WATCHDOG_H_

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <weft/concurrency/run.h>

namespace weft::internal {

class LoopCore;

// A thread that looks at the loops a few times within the limit and reports a fiber that runs on and on. The loops pay two
// relaxed stores a switch for it.
class Watchdog {
 public:
  Watchdog(Duration limit, StallReport report) : limit_(limit), report_(std::move(report)) {}
  ~Watchdog() { Stop(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void Start(std::vector<LoopCore*> loops);
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

  const Duration limit_;
  const StallReport report_;
  std::vector<Seen> seen_;
  std::mutex lock_;
  std::condition_variable stop_signal_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_WATCHDOG_H_
