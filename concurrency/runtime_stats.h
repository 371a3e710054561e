// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RUNTIME_STATS_H_
#define WEFT_CONCURRENCY_RUNTIME_STATS_H_

#include <cstdint>
#include <string>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/offload_stats.h>

// Figures about the schedulers of the process, for metrics and dashboards. To list the fibers
// themselves there is ListFibers (debug.h).
//
//   void PrintFigures() {
//     for (const weft::SchedulerStats& scheduler : weft::ListSchedulers()) {
//       for (const weft::LoopStats& loop : scheduler.loops) {
//         std::printf("%s loop %d: %ju fibers\n", scheduler.name.c_str(), loop.loop,
//                     static_cast<std::uintmax_t>(loop.fibers));
//       }
//     }
//   }

namespace weft {

// One loop at the moment of asking.
struct LoopStats {
  // Its number in the scheduler, from 0.
  int loop = 0;
  // Live fibers.
  std::uint64_t fibers = 0;
  // Stacks that are kept for the next fibers.
  std::uint64_t idle_stacks = 0;
  // The address space of one stack, in bytes.
  std::uint64_t stack_bytes = 0;
  // The most that a fiber has used of its stack, among a sample of those that have ended. 0: there
  // is no sample yet.
  std::uint64_t deepest_stack_bytes = 0;
  // How long the loop's current turn has lasted; zero while it sleeps.
  Duration held{};
};

// One scheduler: a call of Run, or of a ListenAndServe on a plain thread.
struct SchedulerStats {
  // RunOptions::name, or for that of a server "server :8080". Names need not be unique.
  std::string name;
  std::vector<LoopStats> loops;
  OffloadStats offload;
};

// All schedulers of the process, the oldest first. From any fiber or thread. Takes some
// microseconds, and never suspends.
std::vector<SchedulerStats> ListSchedulers();

// How long work that arrives at a loop waits for its turn.
struct LoopLag {
  std::string scheduler;
  int loop = 0;
  Duration lag{};
};

// Posts a task to each loop of the process, and measures how long each takes to run. Suspends until
// all have run, but no longer than `limit` and the context allow; a loop that is held for longer is
// returned with the time so far. It wakes all loops, so call it every few seconds, and not in a
// request.
std::vector<LoopLag> MeasureLoopLag(const Context& ctx,
                                    Duration limit = std::chrono::milliseconds(50));

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RUNTIME_STATS_H_
