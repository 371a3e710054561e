// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RUNTIME_STATS_H_
#define WEFT_CONCURRENCY_RUNTIME_STATS_H_

#include <cstdint>
#include <string>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/offload.h>

// What the schedulers of the process do, in numbers: for metrics and dashboards. ListFibers
// (debug.h) tells of each fiber.
namespace weft {

// One loop at the moment of asking.
struct LoopStats {
  int loop = 0;                           // of its scheduler, from 0
  std::uint64_t fibers = 0;               // that live
  std::uint64_t idle_stacks = 0;          // that are kept for the next fibers
  std::uint64_t stack_bytes = 0;          // address space of one stack
  std::uint64_t deepest_stack_bytes = 0;  // the most that one of a sample of the fibers that have ended has used; 0: no sample yet
  Duration held{};                        // how long the present turn of the loop has lasted; zero while it sleeps
};

// One scheduler, which is a call of Run or of a ListenAndServe on a plain thread.
struct SchedulerStats {
  std::string name;  // RunOptions::name; "server :8080" for that of a server. Several may have the same one
  std::vector<LoopStats> loops;
  OffloadStats offload;
};

// All schedulers of the process, the oldest first. From anywhere; takes some microseconds and never
// suspends.
std::vector<SchedulerStats> ListSchedulers();

// How long what comes to a loop waits for its turn.
struct LoopLag {
  std::string scheduler;
  int loop = 0;
  Duration lag{};
};

// Gives each loop of the process something to do, and measures how long that takes to run. Suspends
// until all have run it, but no longer than `limit` and the context allow: of a loop that is held
// for longer the time so far comes back. It wakes all loops, so call it once in some seconds and
// not in a request.
std::vector<LoopLag> MeasureLoopLag(const Context& ctx, Duration limit = std::chrono::milliseconds(50));

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RUNTIME_STATS_H_
