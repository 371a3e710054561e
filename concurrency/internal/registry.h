// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_REGISTRY_H_
#define WEFT_CONCURRENCY_INTERNAL_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/internal/fiber.h>

namespace weft::internal {

class LoopCore;
class Scheduler;

// All loops of the process, for ListFibers.
class Registry {
 public:
  static void Add(LoopCore& loop);
  static void Remove(LoopCore& loop);
  static bool Empty();
  // The fibers of one scheduler, or of all (null), as ListFibers gives them.
  static std::vector<FiberInfo> List(const Scheduler* only);
  // The loop of this fiber, with a Hold of its scheduler that the caller gives back; and what the fiber did just now. Null: no
  // such fiber.
  static LoopCore* HoldLoopOf(std::uint64_t fiber, FiberState& state);
};

// FormatFiberTree, with what `below` gives under the line of each fiber.
std::string FormatTree(const std::vector<FiberInfo>& fibers, const std::function<std::string(const FiberInfo&)>& below);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_REGISTRY_H_
