// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_DEBUG_H_
#define WEFT_CONCURRENCY_DEBUG_H_

#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include <weft/concurrency/clock.h>

// The list of all fibers: what runs, and what everything else waits for. For stacks there is
// backtrace.h, and for figures runtime_stats.h.
//
//   void PrintFibers() {
//     std::fputs(weft::FormatFiberTree(weft::ListFibers()).c_str(), stderr);
//   }

namespace weft {

// What is known about one live fiber at the moment of asking.
struct FiberInfo {
  // Unique in the process.
  std::uint64_t id = 0;
  // The fiber whose group or server owns this one. 0: there is none, or it has ended.
  std::uint64_t parent = 0;
  std::string name;
  // The number of its loop in the scheduler, from 0.
  int loop = 0;
  // "running", "ready" or "parked". "owner" is not a fiber, but something that fibers belong to
  // (fiber_owner.h).
  const char* state = "";
  // What a parked fiber waits for: "sleep", "group", "mutex" and so on. Empty in other states.
  std::string waits_for;
  // The time since it was started.
  Duration age{};
  // The time until its context's deadline, negative if that has passed. Empty: it has none.
  std::optional<Duration> deadline_in{};
  // The call of Group::Go or AfterFunc that started it. line() is 0 if that is not known.
  std::source_location started{};

  // The file and line of `started`, without folders, such as "jobs.cc:42". Empty if not known.
  std::string StartedAt() const;
};

// All live fibers of the process, of all schedulers, parents before their children. It may be
// called at any time, from any fiber or thread, and never suspends. Fibers continue to run
// meanwhile, so each entry is consistent in itself, but the list is not a snapshot of one instant.
// It delays no loop except the caller's own, by some microseconds for each fiber. If there may be
// very many fibers, call it in an Offload.
std::vector<FiberInfo> ListFibers();

// The same as text: an indented tree, with one line for each fiber.
std::string FormatFiberTree(const std::vector<FiberInfo>& fibers);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_DEBUG_H_
