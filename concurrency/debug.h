// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_DEBUG_H_
#define WEFT_CONCURRENCY_DEBUG_H_

#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include <weft/concurrency/clock.h>

namespace weft {

// What is known of one live fiber at the moment of asking.
struct FiberInfo {
  std::uint64_t id = 0;      // unique in the process
  std::uint64_t parent = 0;  // the fiber whose group or server owns this one; 0: none, or it has ended
  std::string name;
  int loop = 0;
  const char* state = "";                 // "running", "ready" or "parked"; "owner": no fiber, but what some belong to (FiberOwner)
  std::string waits_for;                  // "sleep", "group", "mutex", ...; empty unless parked
  Duration age{};
  std::optional<Duration> deadline_in{};  // time until its context's deadline, negative when it has passed
  std::source_location started{};         // the call of Group::Go or AfterFunc; line() is 0 if it is not known

  // The file and line of `started`, without folders: "jobs.cc:42"; empty if it is not known.
  std::string StartedAt() const;
};

// All live fibers of the process, of all schedulers, parents before their children. It may be
// called at any time from anywhere and never suspends; fibers go on meanwhile, so it is a picture
// of each fiber, not of one instant. No loop is held up by it but the caller's own, for some
// microseconds per fiber: where there may be very many, call it in an Offload.
std::vector<FiberInfo> ListFibers();

// The same as an indented tree, one line a fiber.
std::string FormatFiberTree(const std::vector<FiberInfo>& fibers);

}  // namespace weft

#endif  // WEFT_CONCURRENCY_DEBUG_H_
