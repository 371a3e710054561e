// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONCURRENCY_LITMUS_KIT_H_
#define WEFT_TESTS_CONCURRENCY_LITMUS_KIT_H_

#include <atomic>
#include <functional>
#include <thread>

#include <weft/concurrency/group.h>

#include "kit.h"

// What the litmus*_test.cc share.
namespace weft::testing {

using Side = std::function<void(const Context&)>;

// Fibers of two loops, a fiber and a plain thread, and two plain threads.
enum class Place { kTwoLoops, kLoopAndThread, kTwoThreads };

class LitmusTest : public ::testing::TestWithParam<Place> {
 protected:
  // Both at the same time. Starting and joining them are the only edges that this adds.
  static void Both(const Side& left, const Side& right) {
    switch (GetParam()) {
      case Place::kTwoLoops:
        OnLoops(2, [&](const Context& ctx) {
          Group group(ctx, {.spread = true});
          group.Go([&](const Context& c) { left(c); });
          group.Go([&](const Context& c) { right(c); });
          EXPECT_FALSE(group.Wait());
        });
        return;
      case Place::kLoopAndThread: {
        std::thread thread([&] { right(Background()); });
        OnLoops(1, left);
        thread.join();
        return;
      }
      case Place::kTwoThreads: {
        std::thread thread([&] { right(Background()); });
        left(Background());
        thread.join();
      }
    }
  }

  static std::size_t Many() { return static_cast<std::size_t>(Rounds(2000)); }
};

// For one who waits for the other side by trying: without it, each try that finds nothing may cost the rest of a time slice where both sides
// have to share a core.
inline void LetOthersRun() {
  Yield();
  std::this_thread::yield();
}

// Brings two sides to the same round without an edge between them.
class StartLine {
 public:
  void Meet(int side, std::size_t round) {
    at_[side].store(round + 1, std::memory_order_relaxed);
    while (at_[1 - side].load(std::memory_order_relaxed) <= round) Yield();
  }

 private:
  std::atomic<std::size_t> at_[2] = {};
};

// One round each: what is handed over, and what it is handed over by.
template <class T>
struct Round {
  T tool;
  int data = 0;
};

struct CancelRound {
  CancelScope tool = WithCancel(Background());
  int data = 0;
  int back = 0;
};

inline std::string PlaceName(const ::testing::TestParamInfo<Place>& tested) {
  switch (tested.param) {
    case Place::kTwoLoops: return "TwoLoops";
    case Place::kLoopAndThread: return "LoopAndThread";
    case Place::kTwoThreads: break;
  }
  return "TwoThreads";
}

}  // namespace weft::testing

#define WEFT_LITMUS_PLACES(suite)                                                                                     \
  INSTANTIATE_TEST_SUITE_P(Places, suite,                                                                             \
                           ::testing::Values(::weft::testing::Place::kTwoLoops, ::weft::testing::Place::kLoopAndThread, \
                                             ::weft::testing::Place::kTwoThreads),                                    \
                           ::weft::testing::PlaceName)

#endif  // WEFT_TESTS_CONCURRENCY_LITMUS_KIT_H_
