// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_MICRO_HARNESS_H_
#define WEFT_BENCH_MICRO_HARNESS_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

// What the measured operations share. peers/gomicro is the same program for Go: same names, same shapes, same output.
namespace weft::bench {

// Time between two points, by two clocks, both in nanoseconds. CPU time is that of the whole process.
struct Elapsed {
  std::int64_t cpu = 0;
  std::int64_t wall = 0;
};

// Runs while an operation's body does. Pause and Resume leave out what belongs to the preparation; each costs about as much
// as a system call, so they are for steps that take many microseconds.
class Meter {
 public:
  void Resume();
  void Pause();
  Elapsed Total() const { return total_; }

 private:
  Elapsed start_;
  Elapsed total_;
};

// Does the operation about `n` times and returns how often it did. Called in the first fiber of a fresh Run; `ctx` is live and
// can be canceled.
using Body = std::int64_t (*)(const Context& ctx, std::int64_t n, Meter& meter);

struct Operation {
  std::string_view name;
  int loops;  // of the Run; on one loop CPU time is reported, on more the time on the wall
  Body body;
};

// One object of it in each file announces that file's operations to the harness.
struct Announce {
  Announce(std::initializer_list<Operation> operations);
};

// Nothing that is measured may fail: says what did and ends the program.
[[noreturn]] void Fail(const Error& err);
inline void Must(const Error& err) {
  if (err) Fail(err);
}
inline void Must(bool ok) {
  if (!ok) Fail(Error::New("an operation went wrong"));
}

}  // namespace weft::bench

#endif  // WEFT_BENCH_MICRO_HARNESS_H_
