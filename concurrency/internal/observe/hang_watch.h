// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_HANG_WATCH_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_HANG_WATCH_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <weft/concurrency/run.h>

namespace weft::internal {

class Scheduler;

// The watchdog's checks of an entire scheduler. Each is used by its thread only.

// Reports what keeps Run from returning when the first fiber has ended. It is progress if a hold was released, or if one of
// the remaining fibers has ended; what those start and end meanwhile does not count.
class LeakWatch {
 public:
  LeakWatch(Scheduler& scheduler, const RunOptions& options);
  void Look(std::int64_t now_ns);

 private:
  bool GoesOn(const std::vector<FiberInfo>& fibers);
  void Report(const std::vector<FiberInfo>& fibers, Duration waited) const;

  Scheduler& scheduler_;
  const Duration limit_;
  const HangReport report_;
  const std::string main_name_;
  bool begun_ = false;
  std::set<std::uint64_t> left_;  // ids
  std::int64_t holds_ = 0;
  std::int64_t since_ns_ = 0;
  Duration next_;
};

// Reports when all loops have been in one and the same sleep for the entire limit, and nothing within the scheduler can end it. A loop
// records at each sleep whether it can wake by itself, so it never has to be asked.
class DeadlockWatch {
 public:
  DeadlockWatch(Scheduler& scheduler, const RunOptions& options)
      : scheduler_(scheduler), limit_(options.deadlock_limit), report_(options.on_deadlock) {}
  void Look(std::int64_t now_ns);

 private:
  bool ReadSleeps(std::vector<std::uint64_t>& sleeps) const;
  void Report(const std::vector<FiberInfo>& fibers, Duration waited) const;

  Scheduler& scheduler_;
  const Duration limit_;
  const HangReport report_;
  std::vector<std::uint64_t> sleeps_;  // of each loop, as the last check found them
  std::int64_t since_ns_ = 0;
  bool reported_ = false;
  bool fed_from_outside_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_HANG_WATCH_H_
