// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_WATCHDOG_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_WATCHDOG_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/internal/observe/hang_watch.h>
#include <weft/concurrency/internal/runtime/scheduler.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/run.h>

namespace weft::internal {

class Symbolizer;

// The watchdog thread. It checks the loops a few times within the shortest limit, and reports a fiber that does not stop running, and a
// scheduler that makes no progress. It also calls the sentinels of servers, so that what must happen happens even while loops are
// held. For that, loops pay two relaxed stores for each switch, one for each turn and two for each sleep.
class Watchdog final : public WatchdogThread {
 public:
  Watchdog(Scheduler& scheduler, const RunOptions& options);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void Start() override;
  void Stop() override;

  // The thread starts if there is none yet.
  Error Add(LoopSentinel& sentinel, const Context& ctx) override;
  void Remove(LoopSentinel& sentinel) noexcept override;  // when it has returned, the sentinel is not called any more

 private:
  struct Seen {
    LoopCore* loop;
    std::uint64_t epoch = 0;
    std::int64_t since_ns = 0;
    Duration next;  // how long it must be held for the next report
  };
  struct Post;
  void StartThread() WEFT_REQUIRES(lock_);
  void Watch();
  void Look();
  void LookAt(Seen& seen, std::int64_t now_ns);
  void CallSentinels(std::unique_lock<std::mutex>& hold);
  void Wake() noexcept;
  std::int64_t NextLook(std::int64_t now_ns) const WEFT_REQUIRES(lock_);
  std::string StackOf(const LoopCore& loop);

  Scheduler& scheduler_;
  const Duration limit_;
  const StallReport report_;
  LeakWatch leak_;
  DeadlockWatch deadlock_;
  Duration pause_ = Duration::zero();  // between two checks; zero: nothing of the scheduler is to be watched
  std::vector<Seen> seen_;
  std::int64_t look_at_ns_ = 0;
  std::unique_ptr<Symbolizer> symbols_;  // made for the first stack

  ThreadMutex lock_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Post>> posts_ WEFT_GUARDED_BY(lock_);
  const Post* called_ WEFT_GUARDED_BY(lock_) = nullptr;  // the one whose sentinel runs at this moment
  bool woken_ WEFT_GUARDED_BY(lock_) = false;
  bool stop_ WEFT_GUARDED_BY(lock_) = false;
  std::thread thread_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_WATCHDOG_H_
