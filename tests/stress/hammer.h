// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_STRESS_HAMMER_H_
#define WEFT_TESTS_STRESS_HAMMER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>

#include <weft/concurrency/context.h>

namespace weft::stress {

// The numbers of one worker: from the seed and the worker alone, so the same seed gives each worker the same operations in the same order.
class Random {
 public:
  Random(std::uint64_t seed, unsigned worker) : engine_(static_cast<std::uint_fast32_t>(seed * 1000003 + worker * 7919 + 1)) {}
  unsigned Below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
  bool Coin() { return Below(2) == 0; }
  Duration Short() { return std::chrono::microseconds(Below(100)); }

 private:
  std::minstd_rand engine_;
};

// A worker: a fiber of some loop, or a plain thread.
struct Worker {
  const Context& ctx;  // ends only with the program
  Random& random;
  const bool in_fiber;

  // A context that ends at some time, or at the end of its scope.
  CancelScope RandomScope() { return random.Coin() ? WithTimeout(ctx, random.Short()) : WithCancel(ctx); }
};

// Work on one tool, by all workers at once. To add a tool: a file with a Hammer and its Make function, and a line in hammers.cc.
class Hammer {
 public:
  virtual ~Hammer() = default;
  // One operation, by one worker, under contexts that end at random. Says by Broken what must not be.
  virtual void Step(Worker& worker) = 0;
  // When all workers have ended: that as much came out as went in.
  virtual void Check() = 0;
};

// Notes that a rule does not hold. The program goes on, so that more is seen, and ends with a failure.
void Broken(const std::string& rule);
inline void Expect(bool holds, const char* rule) {
  if (!holds) Broken(rule);
}

struct HammerEntry {
  const char* name;
  std::unique_ptr<Hammer> (*make)();
};
std::span<const HammerEntry> Hammers();

}  // namespace weft::stress

#endif  // WEFT_TESTS_STRESS_HAMMER_H_
