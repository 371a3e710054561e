// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/backtrace.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/internal/observe/registry.h>
#include <weft/concurrency/internal/observe/stack_walk.h>
#include <weft/concurrency/internal/observe/symbols.h>
#include <weft/concurrency/internal/runtime/scheduler.h>
#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft {
namespace internal {
namespace {

using Addresses = std::vector<std::uintptr_t>;

Error Ended() { return Error(std::errc::no_such_process).Wrap("the fiber has ended"); }
Error Running() { return Error(std::errc::device_or_resource_busy).Wrap("the fiber is running"); }

// On the loop's thread, where the fiber cannot move; `reader` has seen it last.
Result<Addresses> WalkHere(LoopCore& loop, std::uint64_t id, FiberRoll::Reader& reader) {
  const FiberCore* found = reader.Last();
  if (found == nullptr || found->record.Id() != id || found->record.State() == FiberState::kFree) return Ended();
  if (found == loop.running()) return Running();
  return StackWalk(found->SavedContext(), found);
}

// A request to another loop. It keeps itself alive until the loop has handled it, because the caller may have given up, and it
// keeps the loop, which might end before it gets to the message.
struct Question : LoopTask {
  explicit Question(HeldLoop on) : LoopTask(&OnLoop), loop(std::move(on)) {}
  virtual ~Question() = default;

  void Ask(std::shared_ptr<Question> me) {
    self = std::move(me);
    Post();
  }
  // True: there is a reply. Otherwise the context is done, and the caller may be gone when the reply arrives.
  bool Wait(const Context& ctx) {
    if (WaitInPlace(lock, waiter, "backtrace", ctx, [this]() WEFT_REQUIRES(lock) { return answered; })) return true;
    std::lock_guard hold(lock);
    left = !answered;
    return answered;
  }

  // On the loop. False: it is to be called again at the next turn.
  virtual bool Answer() = 0;

  const HeldLoop loop;
  SmallLock lock;  // guards what caller and loop share
  bool left WEFT_GUARDED_BY(lock) = false;

 private:
  static void OnLoop(LoopTask* task) {
    auto* question = static_cast<Question*>(task);
    if (!question->Answer()) return question->Post();
    const std::shared_ptr<Question> last = std::move(question->self);
    std::lock_guard hold(question->lock);
    question->answered = true;
    if (question->waiter != nullptr) question->waiter->Wake();
  }
  void Post() { loop->PostPinned(*this); }

  Parker* waiter WEFT_GUARDED_BY(lock) = nullptr;
  bool answered WEFT_GUARDED_BY(lock) = false;
  // Unguarded: set before it is posted, taken on the loop.
  std::shared_ptr<Question> self;
};

// The stack of one fiber.
struct WalkOne final : Question {
  WalkOne(HeldLoop on, std::uint64_t f, std::unique_ptr<FiberRoll::Reader> r)
      : Question(std::move(on)), fiber(f), reader(std::move(r)) {}
  bool Answer() override {
    try {
      found = WalkHere(*loop, fiber, *reader);
    } catch (const std::bad_alloc&) {  // as it was
    }
    return true;
  }
  const std::uint64_t fiber;
  const std::unique_ptr<FiberRoll::Reader> reader;
  Result<Addresses> found = Error(std::errc::not_enough_memory).Wrap("walk a stack");
};

Result<Addresses> WalkOf(const Context& ctx, std::uint64_t fiber) {
  if (!kCanWalkStacks) return Error(std::errc::function_not_supported).Wrap("stacks of this processor");
  if (Error err = ctx.Err()) return err;
  FiberState state = FiberState::kFree;
  std::unique_ptr<FiberRoll::Reader> reader = Registry::Find(fiber, state);
  HeldLoop loop = reader != nullptr ? Registry::HoldLoopOf(*reader->Roll()) : nullptr;
  if (loop == nullptr) return Ended();
  if (loop.get() != CurrentLoop() && state != FiberState::kRunning) {
    auto question = std::make_shared<WalkOne>(std::move(loop), fiber, std::move(reader));
    question->Ask(question);
    if (!question->Wait(ctx)) return ctx.Err();
    return std::move(question->found);
  }
  if (loop.get() != CurrentLoop()) return Running();
  return WalkHere(*loop, fiber, *reader);
}

using Stacks = std::unordered_map<std::uint64_t, Addresses>;

constexpr int kWalksAtOnce = 16;

// The stacks of the next fibers of a loop that do not run. On its thread. False: there are no more.
bool WalkSome(const LoopCore& loop, FiberRoll::Reader& reader, Stacks& stacks) {
  const FiberCore* fibers[kWalksAtOnce];
  int count = 0;
  const bool more = reader.Read(kWalksAtOnce, [&](const FiberCore& fiber) {
    if (fiber.record.State() != FiberState::kFree && &fiber != loop.running()) fibers[count++] = &fiber;
    return true;
  });
  // Without the lock: here nothing else destroys them.
  for (int i = 0; i < count; ++i) stacks[fibers[i]->record.Id()] = StackWalk(fibers[i]->SavedContext(), fibers[i]);
  return more;
}

// The stacks of all fibers of a loop, some at each turn.
struct WalkAll final : Question {
  explicit WalkAll(HeldLoop on) : Question(std::move(on)), reader(loop->roll()) {}
  bool Answer() override {
    std::lock_guard hold(lock);
    if (left) return true;
    try {
      return !WalkSome(*loop, reader, stacks);
    } catch (const std::bad_alloc&) {
      return true;  // that is all there will be
    }
  }
  FiberRoll::Reader reader;
  Stacks stacks WEFT_GUARDED_BY(lock);
};

// Asks all loops first, so that one that is held does not delay the others. Returns what was found until the context was done.
Stacks AllStacks(const Context& ctx) {
  Stacks all;
  if (!kCanWalkStacks) return all;
  std::vector<std::shared_ptr<WalkAll>> questions;
  HeldLoop here;
  for (HeldLoop& loop : Registry::HoldAll()) {
    if (loop.get() == CurrentLoop()) {
      here = std::move(loop);
      continue;
    }
    questions.push_back(std::make_shared<WalkAll>(std::move(loop)));
    questions.back()->Ask(questions.back());
  }
  if (here != nullptr) {
    FiberRoll::Reader reader(here->roll());
    while (!ctx.Err() && WalkSome(*here, reader, all)) {
      if (CurrentFiber() != nullptr) YieldFiber();
    }
  }
  for (const auto& question : questions) {
    (void)question->Wait(ctx);
    std::lock_guard hold(question->lock);
    all.merge(question->stacks);
  }
  return all;
}

// Why there is no stack of this fiber.
Error NoStack(const Context& ctx, const FiberInfo& info) {
  if (!kCanWalkStacks) return Error(std::errc::function_not_supported).Wrap("stacks of this processor");
  if (info.id == CurrentFiberId() || std::string_view(info.state) == "running") return Running();
  if (Error err = ctx.Err()) return err;
  return Ended();
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
  const Result<internal::Addresses> found = internal::WalkOf(ctx, fiber);
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
  const std::vector<FiberInfo> fibers = ListFibers();
  const internal::Stacks stacks = internal::AllStacks(ctx);
  internal::Symbolizer symbols;
  return internal::FormatTree(fibers, [&](const FiberInfo& info) {
    const auto found = stacks.find(info.id);
    if (found == stacks.end() || info.id == CurrentFiberId()) return "    no stack: " + internal::NoStack(ctx, info).Message() + "\n";
    std::string text;
    for (const std::uintptr_t address : found->second) internal::Append(text, symbols.Describe(address));
    return text;
  });
}

}  // namespace weft
