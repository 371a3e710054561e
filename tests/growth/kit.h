// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_GROWTH_KIT_H_
#define WEFT_TESTS_GROWTH_KIT_H_

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <limits>

#include <weft/concurrency/loop.h>
#include <weft/concurrency/run.h>

#include "../kit/sanitized.h"

// How what an operation costs grows with the number of things, and for how long it holds a loop in one piece. All in CPU time of the
// loop's thread, which others on the machine change little.
namespace weft::testing {

inline constexpr bool kMeasured = !kSanitized;  // a sanitizer costs more than what is judged

inline double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// The longest time between two looks of this loop at its descriptors: a descriptor that is always ready is told at each.
class TurnMeter : private FdWatch {
 public:
  TurnMeter() : loop_(*Loop::Current()), fd_(eventfd(1, EFD_CLOEXEC)), last_(ThreadSeconds()) {
    EXPECT_FALSE(loop_.Add(*this, fd_, EPOLLIN));
  }
  ~TurnMeter() {
    loop_.Remove(*this, fd_);
    close(fd_);
  }
  TurnMeter(const TurnMeter&) = delete;
  TurnMeter& operator=(const TurnMeter&) = delete;
  double Longest() const { return longest_; }

 private:
  void OnFdEvents(std::uint32_t) override {
    const double now = ThreadSeconds();
    longest_ = std::max(longest_, now - last_);
    last_ = now;
  }
  Loop& loop_;
  const int fd_;
  double last_;
  double longest_ = 0;
};

struct Cost {
  double seconds = std::numeric_limits<double>::max();
  double longest_piece = std::numeric_limits<double>::max();
};

// What `work` costs on the loop of the calling fiber, until it returns.
inline Cost Measure(const std::function<void()>& work) {
  TurnMeter meter;
  const double begin = ThreadSeconds();
  work();
  Cost cost;
  cost.seconds = ThreadSeconds() - begin;
  Yield();
  cost.longest_piece = meter.Longest();
  return cost;
}

inline constexpr double kPieceAtMost = 0.005;

// Runs work(n), work(2n) and work(4n), each on a new loop, the best of some times. Four times as many may take eight times as long: n log n,
// and caches that they do not fit into any more. Quadratic would be 16.
inline void ExpectGrowth(long n, const std::function<Cost(const Context&, long)>& work, double piece_at_most = kPieceAtMost) {
  constexpr int kTimes = kMeasured ? 3 : 1;
  Cost costs[3];
  for (int i = 0; i < 3; ++i) {
    const long size = (kMeasured ? n : n / 50) << i;
    for (int time = 0; time < kTimes; ++time) {
      RunOptions options;
      options.loops = 1;
      options.stall_limit = {};
      options.deadlock_limit = {};
      const Error failed = Run(Background(), options, [&](const Context& ctx) {
        const Cost cost = work(ctx, size);
        costs[i].seconds = std::min(costs[i].seconds, cost.seconds);
        costs[i].longest_piece = std::min(costs[i].longest_piece, cost.longest_piece);
      });
      ASSERT_FALSE(failed) << failed.Message();
    }
    std::printf("  %7ld: %8.2f ms, %5.0f ns each, longest piece %.2f ms\n", size, costs[i].seconds * 1e3,
                costs[i].seconds * 1e9 / static_cast<double>(size), costs[i].longest_piece * 1e3);
    std::fflush(stdout);
  }
  if (!kMeasured) return;
  EXPECT_LE(costs[2].seconds, 8 * costs[0].seconds) << "four times as many";
  EXPECT_LE(costs[2].longest_piece, piece_at_most) << "of the loop in one piece";
}

}  // namespace weft::testing

#endif  // WEFT_TESTS_GROWTH_KIT_H_
