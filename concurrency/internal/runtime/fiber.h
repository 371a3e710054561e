// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_FIBER_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_FIBER_H_

#include <atomic>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/fiber_job.h>
#include <weft/concurrency/internal/base/clock.h>
#include <weft/concurrency/internal/base/prefetch.h>
#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/runtime/debugger.h>
#include <weft/concurrency/internal/runtime/fiber_roll.h>
#include <weft/concurrency/internal/runtime/loop_access.h>
#include <weft/concurrency/internal/runtime/stack.h>
#include <weft/concurrency/loop_hooks.h>

namespace weft::internal {

class FiberCore;
class LoopCore;

// What the C++ runtime keeps per thread about exceptions (Itanium C++ ABI, __cxa_eh_globals). Each fiber has its own, so that
// it may park inside a catch block.
struct EhState {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

// That of this thread.
EhState* CurrentEhState() noexcept;

enum class FiberState : std::uint8_t { kFree, kReady, kRunning, kParked };

// The content of a record at one moment: plain data, so that it may be copied under a lock.
struct FiberSnapshot {
  static constexpr std::size_t kNameWords = (FiberOptions::kNameMax + 1) / 8;
  static_assert(FiberOptions::kNameMax % 8 == 7, "whole words, the last byte of which is zero");
  std::uint64_t id = 0;
  std::uint64_t parent = 0;
  std::int64_t start_ns = 0;
  std::int64_t deadline_ns = kNever;
  const char* waits_for = "";
  std::source_location started;
  FiberState state = FiberState::kFree;
  char name[kNameWords * 8];
};

// What others may see of a fiber, at any time and from any thread. Only the loop's thread writes. `version_` is odd while
// identity and name change (a sequence lock), so a reader never mixes up two fibers.
class FiberRecord {
 public:
  void Begin(std::uint64_t id, const FiberOptions& options, std::int64_t start_ns) noexcept;
  void End() noexcept;
  void Rename(std::string_view name) noexcept;
  void SetState(FiberState state) noexcept { state_.store(state, std::memory_order_relaxed); }
  void SetParked(const char* waits_for, std::int64_t deadline_ns) noexcept {
    waits_for_.store(waits_for, std::memory_order_relaxed);
    deadline_ns_.store(deadline_ns, std::memory_order_relaxed);
    state_.store(FiberState::kParked, std::memory_order_release);
  }
  FiberState State() const noexcept { return state_.load(std::memory_order_relaxed); }
  const char* WaitsFor() const noexcept { return waits_for_.load(std::memory_order_relaxed); }
  std::uint64_t Id() const noexcept { return id_.load(std::memory_order_relaxed); }

  // The current name, shortened to fit; safe in a signal handler.
  void CopyName(char* out, std::size_t size) const noexcept;
  // False if there is no fiber at the moment.
  bool Read(FiberSnapshot& out) const noexcept;

 private:
  friend struct FiberLayout;
  static constexpr std::size_t kNameWords = FiberSnapshot::kNameWords;
  void LoadName(char* out) const noexcept;
  inline void StoreName(std::string_view name) noexcept;

  std::atomic<std::uint32_t> version_{0};
  std::atomic<FiberState> state_{FiberState::kFree};
  std::atomic<std::uint64_t> id_{0};
  std::atomic<std::uint64_t> parent_{0};
  std::atomic<std::int64_t> start_ns_{0};
  std::atomic<std::int64_t> deadline_ns_{kNever};
  std::atomic<const char*> waits_for_{""};
  std::atomic<std::source_location> started_{std::source_location()};
  static_assert(std::atomic<std::source_location>::is_always_lock_free);
  std::atomic<std::uint64_t> name_[kNameWords]{};
};

// Wakes a fiber when its context is done. It stays registered in the context under which the fiber has last parked, even between
// parks, so that a fiber that waits under one context again and again takes that context's lock once. Of the context it keeps only
// the memory alive, so no values are destroyed in the middle of another wait. Only its fiber uses it.
class FiberWatch : private ContextWaiter {
 public:
  explicit FiberWatch(FiberCore& fiber) noexcept : fiber_(fiber) { fire = &OnContextDone; }
  FiberWatch(const FiberWatch&) = delete;
  FiberWatch& operator=(const FiberWatch&) = delete;

  // False: that context is done already.
  bool Follow(ContextNode* node) noexcept { return node == node_ || FollowAnother(node); }
  // Nothing refers to the context afterwards.
  void Forget() noexcept;
  bool Follows(const ContextNode* node) const noexcept { return node == node_; }

 private:
  static void OnContextDone(ContextWaiter* waiter) noexcept;
  bool FollowAnother(ContextNode* node) noexcept;

  FiberCore& fiber_;
  ContextNode* node_ = nullptr;  // its memory is counted
};

struct IdleTag;

// The part of a loop that its fibers need for switches between its own stack and theirs.
struct LoopSide {
  explicit LoopSide(LoopTask::Function from_inbox, int number) : arrived(from_inbox), index(number) {}

  FiberCore* running = nullptr;
  void* self = nullptr;         // where the loop continues (fcontext)
  EhState* eh = nullptr;        // what the C++ runtime keeps for this thread
  EhState loop_eh;              // that of the loop's own stack while a fiber runs
  void* tsan_fiber = nullptr;
  bool left_for_fiber = false;  // for AddressSanitizer: the stack that was left last is the loop's
  const void* stack_bottom = nullptr;
  std::size_t stack_bytes = 0;
  const LoopTask::Function arrived;  // on the loop, for a fiber that another thread has woken
  const int index;
};

// That of the loop of this thread, or null.
extern constinit thread_local LoopSide* t_loop_side;

// A fiber and its stack, at the top of which it is. Used for one job after the other on the same loop; between two it is idle, and the loop
// may destroy it.
class FiberCore : public LoopTask, public Link<IdleTag> {
 public:
  FiberCore(LoopCore& loop, LoopSide& side, const Stack& stack);
  ~FiberCore();

  // Makes a fiber on a fresh stack; null if there is no memory.
  static FiberCore* Make(LoopCore& loop, LoopSide& side, StackMaker& maker) noexcept;
  // An idle one, whose stack the maker takes back. On the loop's stack.
  static void Destroy(FiberCore& fiber, StackMaker& maker) noexcept;

  // On the loop's stack: continues with this fiber, and returns when it is the loop's turn; meanwhile fibers may have switched
  // directly to each other. Returns the last one of them.
  FiberCore& Resume() noexcept;
  // Fetches what its wakers touch. It may be gone.
  void PrefetchToWake() const noexcept {
    PrefetchToWrite(this);
    PrefetchToWrite(&record);
  }
  // In the fiber: to another one, or to the loop if that is null. Returns when the fiber continues.
  void SwitchTo(FiberCore* to) noexcept;
  bool HasEnded() const noexcept { return ended_; }
  bool TakeEnded() noexcept { return std::exchange(ended_, false); }
  // Where the registers of a fiber are that is not running (fcontext_t). On the loop's thread.
  const void* SavedContext() const noexcept { return self_; }
  // On the loop's stack, before it is destroyed: no job runs here any more.
  void EndForSanitizer() noexcept;

  // What its wakers touch comes first, on one cache line.
  LoopCore& loop;
  std::atomic<std::uint32_t> park_word{0};  // the outcome of its Parker, see there
  const void* woken_by = nullptr;           // the fiber of another loop that did it last, or null: a hint
  FiberJob* job = nullptr;
  const Stack stack;
  FetchList fetch;  // for its next wake-up
  const Context* context = nullptr;  // null: Background
  std::uint64_t work = 0;
  FiberWatch watch{*this};
  FiberRecord record;
  RollEntry entry{this};

 private:
  friend void FiberEntry(FiberCore& fiber);
  friend struct FiberLayout;
  void Arrive(void* saved_fake) noexcept;
  void SwitchToLoop() noexcept;
  void Leave() noexcept;

  LoopSide& side_;
  void* self_ = nullptr;  // where the fiber continues (fcontext)
  EhState eh_;
  bool ended_ = false;
  void* asan_fake_ = nullptr;
  void* tsan_fiber_ = nullptr;
  const std::uintptr_t valgrind_stack_;
  DebuggerLink for_debugger_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_FIBER_H_
