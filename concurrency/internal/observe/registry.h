// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_OBSERVE_REGISTRY_H_
#define WEFT_CONCURRENCY_INTERNAL_OBSERVE_REGISTRY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/internal/runtime/fiber.h>
#include <weft/concurrency/internal/runtime/fiber_roll.h>

namespace weft::internal {

class LoopCore;
class Scheduler;

// A loop with a Hold of its scheduler, so that it does not end.
struct ReleaseLoop {
  void operator()(LoopCore* loop) const noexcept;
};
using HeldLoop = std::unique_ptr<LoopCore, ReleaseLoop>;

// The fibers of all loops of the process, for ListFibers.
class Registry {
 public:
  // The fibers of one scheduler, or of all (null), as ListFibers gives them.
  static std::vector<FiberInfo> List(const Scheduler* only);
  // A reader of this fiber's roll that has just seen the fiber, and what the fiber was doing. It goes through all fibers, and lets others
  // run in between if it is called in a fiber. Null: no such fiber.
  static std::unique_ptr<FiberRoll::Reader> Find(std::uint64_t fiber, FiberState& state);
  // The loop of this roll; null if it has ended.
  static HeldLoop HoldLoopOf(const FiberRoll& roll);
  static std::vector<HeldLoop> HoldAll();
};

// FormatFiberTree, with what `below` returns under the line of each fiber.
std::string FormatTree(const std::vector<FiberInfo>& fibers, const std::function<std::string(const FiberInfo&)>& below);

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_OBSERVE_REGISTRY_H_
