// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/explorer.h>

#include <algorithm>

#include <weft/concurrency/internal/runtime/fiber.h>

namespace weft::internal {

constinit std::atomic<Explorer*> g_explorer{nullptr};

namespace {
constexpr std::uint64_t kEndlessSteps = 500'000;
// Priorities alone would let a fiber that polls keep others out forever.
constexpr std::uint64_t kAnyoneEvery = 61;
}  // namespace

Explorer::Explorer(std::uint64_t seed) : state_(seed) {
  // Neighboring seeds differ from the second number on.
  (void)Random();
  strategy_ = static_cast<Strategy>(Random() % 3);
  pause_of_8_ = 1 + Random() % 4;
  // The length of the schedule is not known in advance: short and long ones are both covered.
  const std::uint64_t horizon = std::uint64_t{8} << (Random() % 7);
  const std::uint64_t points = 1 + Random() % 4;
  for (std::uint64_t i = 0; i < points; ++i) change_points_.push_back(1 + Random() % horizon);
}

// SplitMix64.
std::uint64_t Explorer::Random() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

bool Explorer::AtChangePoint() {
  if (++steps_ % kEndlessSteps == 0 && on_endless) on_endless();
  return std::find(change_points_.begin(), change_points_.end(), steps_) != change_points_.end();
}

std::int64_t& Explorer::Priority(const FiberCore& fiber) {
  const auto [at, fresh] = priorities_.try_emplace(fiber.record.Id(), 0);
  if (fresh) at->second = static_cast<std::int64_t>(Random() >> 1);
  return at->second;
}

std::size_t Explorer::PickByPriority(const std::vector<FiberCore*>& ready) {
  const std::uint64_t last = ran_[(picks_ + kRemembered - 1) % kRemembered].id;
  const bool change = AtChangePoint();
  std::size_t best = 0;
  for (std::size_t i = 0; i < ready.size(); ++i) {
    std::int64_t& priority = Priority(*ready[i]);
    // It is ready again without having been interrupted: it yielded, so others must be able to continue.
    if (ready[i]->record.Id() == last && (change || !paused_)) priority = --lowest_;
    if (priority > Priority(*ready[best])) best = i;
  }
  return picks_ % kAnyoneEvery == kAnyoneEvery - 1 ? Random() % ready.size() : best;
}

std::size_t Explorer::Pick(const std::vector<FiberCore*>& ready) {
  std::size_t at = 0;
  switch (strategy_) {
    case Strategy::kRandomWalk:
      (void)AtChangePoint();
      at = Random() % ready.size();
      break;
    case Strategy::kPriorities: at = PickByPriority(ready); break;
    case Strategy::kDelays:
      if (AtChangePoint()) at = Random() % ready.size();
      break;
  }
  paused_ = false;
  Note(*ready[at]);
  return at;
}

bool Explorer::PickJob(std::size_t jobs, std::size_t ready) { return Random() % (jobs + ready) < jobs; }

bool Explorer::PauseHere() {
  switch (strategy_) {
    case Strategy::kRandomWalk: paused_ = Random() % 8 < pause_of_8_; break;
    case Strategy::kPriorities: paused_ = true; break;  // the choice that follows says which fiber is more important now
    case Strategy::kDelays: paused_ = AtChangePoint(); break;
  }
  return paused_;
}

void Explorer::Note(const FiberCore& fiber) {
  Ran& ran = ran_[picks_++ % kRemembered];
  ran.id = fiber.record.Id();
  fiber.record.CopyName(ran.name, sizeof(ran.name));
}

const char* Explorer::StrategyName() const {
  switch (strategy_) {
    case Strategy::kRandomWalk: return "random walk";
    case Strategy::kPriorities: return "priorities";
    case Strategy::kDelays: break;
  }
  return "delays";
}

// Members of a group often have the same name: their ids, counted from the smallest that is shown, distinguish them.
std::string Explorer::LastFibers() const {
  std::uint64_t smallest = UINT64_MAX;
  for (const Ran& ran : ran_) {
    if (ran.id != 0) smallest = std::min(smallest, ran.id);
  }
  std::string text;
  for (std::size_t i = 0; i < kRemembered; ++i) {
    const Ran& ran = ran_[(picks_ + i) % kRemembered];
    if (ran.id == 0) continue;
    if (!text.empty()) text += ", ";
    text += std::string(ran.name) + '#' + std::to_string(ran.id - smallest);
  }
  return text;
}

}  // namespace weft::internal
