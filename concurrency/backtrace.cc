// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/backtrace.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/internal/park.h>
#include <weft/concurrency/internal/registry.h>
#include <weft/concurrency/internal/scheduler.h>
#include <weft/concurrency/internal/stack_walk.h>
#include <weft/concurrency/internal/symbols.h>

namespace weft {
namespace internal {
namespace {

using Addresses = std::vector<std::uintptr_t>;

Error Ended() { return Error(std::errc::no_such_process).Wrap("the fiber has ended"); }
Error Running() { return Error(std::errc::device_or_resource_busy).Wrap("the fiber is running"); }

// On the loop's thread, where the fiber cannot move.
Result<Addresses> WalkHere(LoopCore& loop, std::uint64_t id) {
  const FiberCore* found = nullptr;
  loop.ForEachFiber([&](const FiberCore& fiber) {
    if (fiber.record.Id() == id && fiber.record.State() != FiberState::kFree) found = &fiber;
  });
  if (found == nullptr) return Ended();
  if (found == loop.running()) return Running();
  return StackWalk(found->SavedContext(), found);
}

// A walk that was asked for elsewhere. It keeps itself until the loop has come to it: whoever asked may have gone away.
struct WalkRequest : LoopTask {
  WalkRequest(LoopCore& on, std::uint64_t f) : LoopTask(&OnLoop), loop(on), fiber(f) {}

  static void OnLoop(LoopTask* task) {
    auto* request = static_cast<WalkRequest*>(task);
    const std::shared_ptr<WalkRequest> last = std::move(request->self);
    Result<Addresses> found = WalkHere(request->loop, request->fiber);
    {
      std::lock_guard hold(request->lock);
      request->found = std::move(found);
      request->answered = true;
      if (request->waiter != nullptr) request->waiter->Wake();
    }
    request->loop.scheduler().Release();
  }

  // Takes over a hold of the scheduler, without which the loop might end before it comes to the message.
  Result<Addresses> Ask(const Context& ctx, std::shared_ptr<WalkRequest> me) {
    Parker parker("backtrace");
    waiter = &parker;
    self = std::move(me);
    LoopCore& target = loop;
    target.Pin();
    target.PushRemote(*this);
    target.Unpin();
    parker.Park(ctx);
    std::lock_guard hold(lock);
    waiter = nullptr;
    if (!answered) return ctx.Err();
    return std::move(found);
  }

  LoopCore& loop;
  const std::uint64_t fiber;
  std::shared_ptr<WalkRequest> self;
  SmallLock lock;  // guards the rest
  Parker* waiter = nullptr;
  bool answered = false;
  Result<Addresses> found = Ended();
};

Result<Addresses> Walk(const Context& ctx, std::uint64_t fiber) {
  if (!kCanWalkStacks) return Error(std::errc::function_not_supported).Wrap("stacks of this processor");
  if (Error err = ctx.Err()) return err;
  FiberState state = FiberState::kFree;
  LoopCore* loop = Registry::HoldLoopOf(fiber, state);
  if (loop == nullptr) return Ended();
  if (loop != CurrentLoop() && state != FiberState::kRunning) {
    auto request = std::make_shared<WalkRequest>(*loop, fiber);
    return request->Ask(ctx, request);
  }
  Result<Addresses> found = loop == CurrentLoop() ? WalkHere(*loop, fiber) : Running();
  loop->scheduler().Release();
  return found;
}

std::string_view LastPart(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

void Append(std::string& text, const Frame& frame) {
  char offset[32];
  text += "    ";
  text += frame.function.empty() ? "?" : frame.function;
  std::snprintf(offset, sizeof(offset), "0x%llx", static_cast<unsigned long long>(frame.module.empty() ? frame.address : frame.offset));
  text += "  (";
  if (!frame.module.empty()) {
    text += LastPart(frame.module);
    text += '+';
  }
  text += offset;
  text += ")\n";
}

}  // namespace
}  // namespace internal

Result<std::vector<Frame>> Backtrace(const Context& ctx, std::uint64_t fiber) {
  const Result<internal::Addresses> found = internal::Walk(ctx, fiber);
  if (Error err = found.Err()) return err;
  internal::Symbolizer symbols;
  std::vector<Frame> frames;
  for (const std::uintptr_t address : *found) frames.push_back(symbols.Describe(address));
  return frames;
}

std::string FormatFrames(const std::vector<Frame>& frames) {
  std::string text;
  for (const Frame& frame : frames) internal::Append(text, frame);
  return text;
}

std::string DumpFibers(const Context& ctx) {
  internal::Symbolizer symbols;
  return internal::FormatTree(ListFibers(), [&](const FiberInfo& info) {
    const Result<internal::Addresses> found = internal::Walk(ctx, info.id);
    if (Error err = found.Err()) return "    no stack: " + err.Message() + "\n";
    std::string text;
    for (const std::uintptr_t address : *found) internal::Append(text, symbols.Describe(address));
    return text;
  });
}

}  // namespace weft
