// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_CORE_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_CORE_H_

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include <weft/concurrency/internal/base/block_pool.h>
#include <weft/concurrency/internal/base/prefetch.h>
#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/runtime/fiber.h>
#include <weft/concurrency/internal/runtime/fiber_cache.h>
#include <weft/concurrency/internal/runtime/poller.h>
#include <weft/concurrency/internal/runtime/spin_policy.h>
#include <weft/concurrency/internal/runtime/task_queue.h>
#include <weft/concurrency/internal/runtime/timer_heap.h>
#include <weft/concurrency/loop.h>

namespace weft::internal {

class LoopHost;
class Scheduler;

// Something else that has events for a loop, and in which the loop can sleep: an io_context (AsioDriver).
class EventSource {
 public:
  virtual ~EventSource() = default;
  // Handles a bounded part of what is there. Returns how much.
  virtual std::size_t Poll() noexcept = 0;
  // Sleeps until something was handled, the loop's epoll set has something, or the time has come (kNever: no bound).
  virtual void Sleep(std::int64_t until_ns) noexcept = 0;
};

// Something that belongs to one loop and ends with it, such as a value of a PerLoop. Only on the loop's thread.
struct LoopLocal {
  LoopLocal* next = nullptr;
  const void* owner = nullptr;
  void (*end)(LoopLocal*) = nullptr;  // takes it out of the list
};

// The implementation of a Loop. One turn: tasks from other threads, waiters of contexts that have ended, fibers that are ready, timers that
// are due, descriptors. A bounded number of each, so that the others get their turn however many there are of one kind. It sleeps in
// its Poller; once an Asio executor has been requested it sleeps in Asio, which watches the same set (AsioDriver).
class LoopCore final : public Loop {
 public:
  LoopCore(Scheduler& scheduler, LoopHost& host, int index, std::size_t stack_bytes);
  ~LoopCore();

  // Makes the descriptors, before Run. An error: there are too few.
  Error Open() noexcept { return poller_.Open(); }
  // Drives the loop on this thread until RequestStop and no fiber is left.
  void Run();
  void RequestStop() noexcept;  // any thread
  void Abandon() noexcept { abandoned_ = true; }  // on the loop's thread: Run returns whatever is left

  Scheduler& scheduler() noexcept { return scheduler_; }
  int index() const noexcept { return side_.index; }
  // A number that no other piece of work in the process has; ids come in blocks, so this touches nothing shared.
  std::uint64_t NextWork() noexcept;
  FiberCore* running() const noexcept { return side_.running; }
  std::int64_t now_ns() const noexcept { return now_ns_; }

  void PushReady(FiberCore& fiber) noexcept {
    fiber.record.SetState(FiberState::kReady);
    ready_.Push(fiber);
  }
  // From any other thread, between Pin and Unpin or while a fiber of the loop is known to live.
  void PushRemote(LoopTask& task) noexcept;

  // A pin keeps the loop's memory: taken before a claim that may let the scheduler end, released after the last access.
  // A thread that drives another loop of the same Run needs none: Run joins it before the memory is freed.
  bool NeedsPin(const LoopCore* here) const noexcept { return here == nullptr || here->run_ != run_; }
  void Pin() noexcept { pins_.fetch_add(1, std::memory_order_relaxed); }
  void Unpin() noexcept { pins_.fetch_sub(1, std::memory_order_release); }
  // PushRemote for the case that only the owner of the task may keep the loop alive.
  void PostPinned(LoopTask& task) noexcept {
    Pin();
    PushRemote(task);
    Unpin();
  }

  // In a fiber: lets others run until it has been pushed again.
  void SuspendRunning() noexcept;

  FiberCore* StartFiber(FiberJob& job, const FiberOptions& options) noexcept;  // null: no memory for a stack
  const Error& NoStack() const noexcept { return no_stack_; }                  // made before it is needed
  Poller& poller() noexcept { return poller_; }
  TimerHeap& timers() noexcept { return timers_; }
  // Null until it has been requested. On the loop's thread.
  EventSource* Outside() const noexcept { return outside_.get(); }
  void SetOutside(std::unique_ptr<EventSource> source) noexcept { outside_ = std::move(source); }
  // Waits of this loop's fibers that end at a time of their own, such as Asio operations: virtual time waits for them.
  void AddOperation(int n) noexcept { operations_ += n; }
  // The newest first. What is left is ended when the loop ends, on its thread, before its io_context.
  LoopLocal*& locals() noexcept { return locals_; }
  BlockPool& blocks() noexcept { return blocks_; }

  // For the list of fibers.
  const std::shared_ptr<FiberRoll>& roll() const noexcept { return fibers_.roll(); }
  // For the watchdog: counts the resumed fibers; whether one runs, and its name.
  std::uint64_t Epoch() const noexcept { return epoch_.load(std::memory_order_relaxed); }
  bool Running() const noexcept { return watched_.load(std::memory_order_relaxed) != nullptr; }
  bool CopyRunningName(char* out, std::size_t size) const noexcept;
  // For the watchdog too: 0 unless the loop sleeps; otherwise a number of this sleep, odd if a timer, a descriptor or Asio can end it.
  std::uint64_t Idle() const noexcept { return idle_.load(std::memory_order_relaxed); }
  // From any thread: how long the current turn has lasted by the real clock; 0 while the loop sleeps, and under virtual time.
  std::int64_t HeldNs() const noexcept {
    if (VirtualTime() || Idle() != 0) return 0;
    const std::int64_t held = RealNowNs() - turn_ns_.load(std::memory_order_relaxed);
    return held > 0 ? held : 0;
  }
  // The thread that drives the loop, from the start of Run.
  pthread_t Thread() const noexcept { return thread_.load(std::memory_order_acquire); }
  // From any thread.
  std::size_t LiveFibers() const noexcept { return live_.load(std::memory_order_relaxed); }
  std::size_t IdleFibers() const noexcept { return fibers_.Idle(); }
  std::size_t StackBytes() const noexcept { return fibers_.StackBytes(); }
  std::size_t DeepestStack() const noexcept { return fibers_.DeepestStack(); }

 private:
  void Turn();
  // Whether there is something to do without a sleep; for the inbox, at this moment.
  bool HasWork() const noexcept {
    return !ready_.Empty() || !arrived_.Empty() || !waking_.Empty() || inbox_.load(std::memory_order_relaxed) != nullptr;
  }
  void RunFiber(FiberCore& fiber);
  void NowRuns(FiberCore& fiber) noexcept;
  void CheckCanary(const FiberCore& fiber) noexcept;
  void RunReady();
  void ExploreReady();  // the same under Explore, in loop_explore.cc
  void DrainInbox();
  void TakeInbox();
  void WakeSome();
  void LookAround();
  void FireTimers();
  void Sleep();
  void SleepUntil(std::int64_t until_ns);
  std::uint64_t IdleWord() noexcept;
  bool SpinForInbox();
  void LearnFromSleep() noexcept;
  bool AdvanceVirtualTime();
  void WakeUp() noexcept;
  void Retire(FiberCore& fiber);
  void TrimIfDue(bool nothing_to_do) noexcept;
  static void OnInbox(LoopTask* task);
  void RefreshNow() noexcept {
    now_ns_ = NowNs();
    turn_ns_.store(now_ns_, std::memory_order_relaxed);
  }

  Scheduler& scheduler_;
  LoopHost& host_;  // the same

  LoopSide side_;
  TaskQueue arrived_;  // from the inbox, in the order in which they came
  EndedContexts waking_;
  TaskQueue ready_;
  int resumes_left_ = 0;        // of this turn; 0 outside of RunReady
  int resumes_since_look_ = 0;  // at timers and descriptors
  TimerHeap timers_;
  std::int64_t now_ns_ = 0;
  std::atomic<std::size_t> live_{0};  // written by the loop alone, which needs no atomic step for it
  std::uint64_t next_id_ = 0;
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<const FiberCore*> watched_{nullptr};
  std::atomic<std::uint64_t> idle_{0};
  std::atomic<std::int64_t> turn_ns_{0};  // now_ns_, for other threads
  std::atomic<pthread_t> thread_{};
  std::uint64_t sleeps_ = 0;

  Poller poller_;
  FiberCache fibers_;
  const Error no_stack_ = ErrorAccess::NoMemory().Wrap("stack of a new fiber");
  std::unique_ptr<EventSource> outside_;
  int operations_ = 0;
  bool abandoned_ = false;
  LoopLocal* locals_ = nullptr;
  BlockPool blocks_;
  SpinPolicy spin_;
  bool by_message_ = false;        // the last sleep ended with one
  std::int64_t idle_since_ns_ = 0;

  // Touched by other threads: on cache lines of their own. That of the inbox goes back and forth between a loop that spins and
  // its wakers; the pins stay with the latter. Pairs of lines: Intel's prefetcher gets the neighbor as well, and the pins would go
  // back and forth, too.
  alignas(128) std::atomic<LoopTask*> inbox_{nullptr};
  std::atomic<bool> sleeping_{false};
  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> woken_at_ns_{0};  // by the real clock: when it was last found asleep
  alignas(128) std::atomic<int> pins_{0};
  const Scheduler* const run_{&scheduler_};  // here, on a line that rarely changes, for wakers on other loops
};

// The loop of this thread, or null.
extern constinit thread_local LoopCore* t_loop;
inline LoopCore* CurrentLoop() noexcept { return t_loop; }
inline FiberCore* CurrentFiber() noexcept { return t_loop != nullptr ? t_loop->running() : nullptr; }

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_LOOP_CORE_H_
