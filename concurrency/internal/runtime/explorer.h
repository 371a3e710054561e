// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_EXPLORER_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_EXPLORER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include <weft/concurrency/internal/base/explore_point.h>

namespace weft::internal {

class FiberCore;

// Decides which interleaving one schedule of Explore takes: all choices that the loop leaves open are made here, from
// the seed alone, so the same seed gives the same run. Only on the loop's thread.
//
// Three strategies, by seed, because each finds bugs that the others seldom reach:
//   random walk  any ready fiber, and a pause at any point with a fixed chance: good where many orders fail;
//   priorities   the fiber of the highest random priority runs, and at a few random steps the running one falls to the lowest: a bug
//                that needs d things in a certain order is found with a chance that hardly depends on the number of fibers;
//   delays       the usual order, but for a few random steps: what is only just wrong.
class Explorer {
 public:
  explicit Explorer(std::uint64_t seed);

  // Which of the fibers, oldest first, runs next.
  std::size_t Pick(const std::vector<FiberCore*>& ready);
  // Whether one of `jobs` that wait for a thread of the pool runs before one of `ready` fibers.
  bool PickJob(std::size_t jobs, std::size_t ready);
  // Whether the running fiber lets others run here.
  bool PauseHere();
  bool Coin() { return (Random() & 1) != 0; }
  std::uint64_t Random();

  // Called when a schedule does not end, once for so many steps.
  std::function<void()> on_endless;

  const char* StrategyName() const;
  std::string LastFibers() const;  // "a, b, a": which fibers ran, the latest last

 private:
  enum class Strategy { kRandomWalk, kPriorities, kDelays };
  struct Ran {
    std::uint64_t id = 0;
    char name[48] = {};
  };

  std::size_t PickByPriority(const std::vector<FiberCore*>& ready);
  std::int64_t& Priority(const FiberCore& fiber);
  bool AtChangePoint();  // counts a step
  void Note(const FiberCore& fiber);

  std::uint64_t state_;
  Strategy strategy_;
  std::uint64_t pause_of_8_ = 0;  // the random walk's chance of a pause
  std::vector<std::uint64_t> change_points_;
  std::uint64_t steps_ = 0;
  std::uint64_t picks_ = 0;
  bool paused_ = false;  // the last fiber was interrupted: it did not yield by itself
  std::int64_t lowest_ = 0;
  std::unordered_map<std::uint64_t, std::int64_t> priorities_;  // by fiber id
  static constexpr std::size_t kRemembered = 24;
  Ran ran_[kRemembered];
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_EXPLORER_H_
