// SPDX-License-Identifier: Apache-2.0
#include "micro/harness.h"

#include <time.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <weft/concurrency/run.h>

namespace weft::bench {
namespace {

std::vector<Operation>& Operations() {
  static std::vector<Operation> operations;
  return operations;
}

std::int64_t Read(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// What was done in a slice, and how long it took.
struct Slice {
  std::int64_t done = 0;
  Elapsed time;
};

// A short run before the measured one fills pools and caches.
Slice RunSlice(const Operation& operation, std::int64_t n) {
  Slice slice;
  RunOptions options;
  options.loops = operation.loops;
  Must(Run(Background(), options, [&](const Context& background) {
    const CancelScope live = WithCancel(background);
    Meter warm_up;
    operation.body(live.ctx, n / 20 + 1, warm_up);
    Meter meter;
    meter.Resume();
    slice.done = operation.body(live.ctx, n, meter);
    meter.Pause();
    slice.time = meter.Total();
  }));
  return slice;
}

// The clock that counts. Where one core does everything, CPU time leaves out what others do on that core meanwhile.
std::int64_t Counted(const Operation& operation, const Elapsed& time) {
  return operation.loops == 1 ? time.cpu : time.wall;
}

// How many make up a slice of this length. The quicker of two runs counts: the machine may do something else during one.
std::int64_t Calibrate(const Operation& operation, std::int64_t slice_ns) {
  std::int64_t n = 16;
  for (;;) {
    const Slice one = RunSlice(operation, n);
    const Slice two = RunSlice(operation, n);
    const std::int64_t ns = std::max<std::int64_t>(std::min(Counted(operation, one.time), Counted(operation, two.time)), 1);
    if (ns * 2 > slice_ns) {
      const double slices = static_cast<double>(slice_ns) / static_cast<double>(ns);
      return static_cast<std::int64_t>(static_cast<double>(one.done) * slices) + 1;
    }
    n *= ns * 16 < slice_ns ? 8 : 2;
  }
}

class Program {
 public:
  explicit Program(std::int64_t slice_ns) : slice_ns_(slice_ns) {}

  // Prints "name ns cpu_ns wall_ns", all for doing it once; ns is the one of the two that counts.
  bool Measure(std::string_view name) {
    for (const Operation& operation : Operations()) {
      if (operation.name != name) continue;
      std::int64_t& n = iterations_[operation.name];
      if (n == 0) n = Calibrate(operation, slice_ns_);
      const Slice slice = RunSlice(operation, n);
      const auto each = [&](std::int64_t ns) { return static_cast<double>(ns) / static_cast<double>(slice.done); };
      std::printf("%s %.2f %.2f %.2f\n", operation.name.data(), each(Counted(operation, slice.time)), each(slice.time.cpu),
                  each(slice.time.wall));
      std::fflush(stdout);
      return true;
    }
    std::fprintf(stderr, "micro: no operation '%.*s'\n", static_cast<int>(name.size()), name.data());
    return false;
  }

 private:
  std::int64_t slice_ns_;
  std::map<std::string_view, std::int64_t> iterations_;
};

}  // namespace

void Meter::Resume() {
  start_.wall = Read(CLOCK_MONOTONIC);
  start_.cpu = Read(CLOCK_PROCESS_CPUTIME_ID);
}

void Meter::Pause() {
  total_.cpu += Read(CLOCK_PROCESS_CPUTIME_ID) - start_.cpu;
  total_.wall += Read(CLOCK_MONOTONIC) - start_.wall;
}

Announce::Announce(std::initializer_list<Operation> operations) {
  Operations().insert(Operations().end(), operations);
}

void Fail(const Error& err) {
  std::fprintf(stderr, "micro: %s\n", err.Message().c_str());
  std::exit(1);
}

}  // namespace weft::bench

// micro [--slice-ms N] --list          one line "name loops" for each operation
// micro [--slice-ms N] [--only NAME]   measures all, or one
// micro [--slice-ms N] --serve         measures one slice for each name that comes on stdin
int main(int argc, char** argv) {
  using weft::bench::Operations;
  std::string mode = "all";
  std::string only;
  std::int64_t slice_ms = 20;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--list" || word == "--serve") {
      mode = word;
    } else if (word == "--only" && i + 1 < argc) {
      only = argv[++i];
    } else if (word == "--slice-ms" && i + 1 < argc) {
      slice_ms = std::max(1L, std::atol(argv[++i]));
    } else {
      std::fprintf(stderr, "usage: micro [--slice-ms N] [--only NAME | --list | --serve]\n");
      return 2;
    }
  }
  std::sort(Operations().begin(), Operations().end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  weft::bench::Program program(slice_ms * 1'000'000);
  if (mode == "--list") {
    for (const auto& operation : Operations()) std::printf("%s %d\n", operation.name.data(), operation.loops);
    return 0;
  }
  if (mode == "--serve") {
    for (std::string name; std::getline(std::cin, name);) {
      if (!program.Measure(name)) return 2;
    }
    return 0;
  }
  if (!only.empty()) return program.Measure(only) ? 0 : 2;
  for (const auto& operation : Operations()) program.Measure(operation.name);
}
