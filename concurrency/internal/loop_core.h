// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_LOOP_CORE_H_
#define WEFT_CONCURRENCY_INTERNAL_LOOP_CORE_H_

#include <pthread.h>
#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include <weft/concurrency/internal/block_pool.h>
#include <weft/concurrency/internal/context_node.h>
#include <weft/concurrency/internal/explorer.h>
#include <weft/concurrency/internal/fiber.h>
#include <weft/concurrency/internal/fiber_roll.h>
#include <weft/concurrency/internal/prefetch.h>
#include <weft/concurrency/internal/small_lock.h>
#include <weft/concurrency/internal/spin_policy.h>
#include <weft/concurrency/internal/stack.h>
#include <weft/concurrency/internal/timer_heap.h>
#include <weft/concurrency/loop.h>

namespace weft::internal {

class Scheduler;
class AsioDriver;

// First in, first out, of tasks that it does not own.
class TaskQueue {
 public:
  bool Empty() const { return head_ == nullptr; }
  void Push(LoopTask& task) {
    LoopAccess::Next(task) = nullptr;
    if (head_ == nullptr) {
      head_ = &task;
    } else {
      LoopAccess::Next(*tail_) = &task;
    }
    tail_ = &task;
  }
  // A chain of tasks whose last one is `last`.
  void PushAll(LoopTask& first, LoopTask& last) {
    if (head_ == nullptr) {
      head_ = &first;
    } else {
      LoopAccess::Next(*tail_) = &first;
    }
    tail_ = &last;
  }
  LoopTask* Pop() {
    LoopTask* task = head_;
    if (task != nullptr) head_ = LoopAccess::Next(*task);
    return task;
  }

 private:
  LoopTask* head_ = nullptr;
  LoopTask* tail_ = nullptr;
};

// Something that belongs to one loop and ends with it, such as a value of a PerLoop. Only on the loop's thread.
struct LoopLocal {
  LoopLocal* next = nullptr;
  const void* owner = nullptr;
  void (*end)(LoopLocal*) = nullptr;  // takes it out of the list
};

// The inside of a Loop. One turn: tasks from other threads, waiters of contexts that have ended, fibers that are ready, timers that are
// due, descriptors; of each a bounded number, so that however many there are of one kind, the others get their turn. It sleeps in
// epoll_wait on its own set; once somebody has asked for an Asio executor it sleeps in Asio, which watches that set (AsioDriver).
class LoopCore final : public Loop {
 public:
  LoopCore(Scheduler& scheduler, int index, std::size_t stack_bytes);
  ~LoopCore();

  // Makes the descriptors, before Run. An error: there are too few.
  Error Open() noexcept;
  // Drives the loop on this thread until RequestStop and no fiber is left.
  void Run();
  void RequestStop() noexcept;  // any thread
  void Abandon() noexcept { abandoned_ = true; }  // on the loop's thread: Run returns whatever is left

  Scheduler& scheduler() noexcept { return scheduler_; }
  int index() const noexcept { return index_; }
  // A number that no other piece of work in the process has; ids come in blocks, so this touches nothing shared.
  std::uint64_t NextWork() noexcept;
  FiberCore* running() const noexcept { return running_; }
  std::int64_t now_ns() const noexcept { return now_ns_; }

  void PushReady(FiberCore& fiber) noexcept {
    fiber.record.SetState(FiberState::kReady);
    ready_.Push(fiber);
  }
  // On the loop's thread: the loop wakes the rest of those who wait for a context that has ended. It takes over a count of its memory.
  void WakeLater(ContextNode& ended) noexcept { waking_.PushBack(ended); }
  // From any other thread, between Pin and Unpin or while a fiber of the loop is known to live.
  void PushRemote(LoopTask& task) noexcept;

  // A pin keeps the loop's memory: taken before a claim that may let the scheduler end, given back after the last touch.
  void PrefetchInbox() noexcept { PrefetchToWrite(&inbox_); }
  void Pin() noexcept { pins_.fetch_add(1, std::memory_order_relaxed); }
  void Unpin() noexcept { pins_.fetch_sub(1, std::memory_order_release); }

  // In a fiber: lets others run until somebody has pushed it again.
  void SuspendRunning() noexcept;

  FiberCore* StartFiber(FiberJob& job, const FiberOptions& options) noexcept;  // null: no memory for a stack
  const Error& NoStack() const noexcept { return no_stack_; }                  // made before it is needed
  Error AddWatch(FdWatch& watch, int fd, std::uint32_t events) noexcept;
  void RemoveWatch(FdWatch& watch, int fd) noexcept;
  // For those who register by themselves: so many more of them wait; the loop has no event for this one any more.
  void CountWatches(int n) noexcept { watches_ += static_cast<std::size_t>(n); }
  void ForgetEvents(const FdWatch& watch) noexcept;
  // False, and the task is not taken, unless the loop hands out events.
  bool RunAfterEvents(LoopTask& task) noexcept {
    if (!handing_out_) return false;
    after_events_.Push(task);
    return true;
  }
  TimerHeap& timers() noexcept { return timers_; }
  AsioDriver& Asio();  // made at the first use, on the loop's thread
  // The io_context of this loop, if somebody asked for it.
  AsioDriver* AsioIfMade() const noexcept { return asio_.get(); }
  // What fibers of this loop wait for that ends at a time of its own, such as operations of Asio: virtual time waits for it.
  void AddOperation(int n) noexcept { operations_ += n; }
  // The newest first. What is left is ended when the loop ends, on its thread, before its io_context.
  LoopLocal*& locals() noexcept { return locals_; }
  BlockPool& blocks() noexcept { return blocks_; }
  int epoll_fd() const noexcept { return epoll_fd_; }

  // For the list of fibers.
  const std::shared_ptr<FiberRoll>& roll() const noexcept { return roll_; }
  // For the watchdog: counts the resumed fibers; whether one runs, and its name.
  std::uint64_t Epoch() const noexcept { return epoch_.load(std::memory_order_relaxed); }
  bool Running() const noexcept { return watched_.load(std::memory_order_relaxed) != nullptr; }
  bool CopyRunningName(char* out, std::size_t size) const noexcept;
  // For the watchdog too: 0 unless the loop sleeps; otherwise a number of this sleep, odd if a timer, a descriptor or Asio can end it.
  std::uint64_t Idle() const noexcept { return idle_.load(std::memory_order_relaxed); }
  // From any thread: how long the present turn has lasted by the real clock; 0 while the loop sleeps, and under virtual time.
  std::int64_t HeldNs() const noexcept {
    if (VirtualTime() || Idle() != 0) return 0;
    const std::int64_t held = RealNowNs() - turn_ns_.load(std::memory_order_relaxed);
    return held > 0 ? held : 0;
  }
  // The thread that drives the loop, from the begin of Run on.
  pthread_t Thread() const noexcept { return thread_.load(std::memory_order_acquire); }
  std::size_t LiveFibers() const noexcept { return live_; }
  std::size_t IdleFibers() const noexcept { return idle_count_; }  // on its thread
  std::size_t DeepestStack() const noexcept { return deepest_.load(std::memory_order_relaxed); }

  // Shared with FiberCore, for switches.
  void* self = nullptr;     // where the loop goes on (fcontext)
  EhState* eh = nullptr;    // what the C++ runtime keeps for this thread
  EhState loop_eh;          // that of the loop's own stack while a fiber runs
  void* tsan_fiber = nullptr;
  bool left_for_fiber = false;  // for AddressSanitizer: the stack that was left last is the loop's
  const void* stack_bottom = nullptr;
  std::size_t stack_bytes = 0;

 private:
  friend class AsioDriver;
  void Turn();
  // Something that needs no sleep before; of the inbox, at this moment.
  bool HasWork() const noexcept {
    return !ready_.Empty() || !arrived_.Empty() || !waking_.Empty() || inbox_.load(std::memory_order_relaxed) != nullptr;
  }
  void RunFiber(FiberCore& fiber);
  void NowRuns(FiberCore& fiber) noexcept;
  void CheckCanary(const FiberCore& fiber) noexcept;
  void RunReady();
  void ExploreReady();  // the same under Explore, in explorer.cc
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
  int PollDescriptors(std::int64_t timeout_ns);  // -1: no bound
  void Dispatch(int count);
  void WakeUp() noexcept;
  void Retire(FiberCore& fiber);
  void DestroyIdle(FiberCore& fiber) noexcept;
  void TrimIfDue(bool nothing_to_do) noexcept;
  bool TrimSome() noexcept;
  std::int64_t TrimDueNs() const noexcept;
  void RefreshNow() noexcept {
    now_ns_ = NowNs();
    turn_ns_.store(now_ns_, std::memory_order_relaxed);
  }

  Scheduler& scheduler_;
  const int index_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;

  TaskQueue arrived_;  // from the inbox, in the order in which they came
  List<ContextNode, SiblingTag> waking_;  // contexts that have ended, with those who are to be told yet
  TaskQueue ready_;
  FiberCore* running_ = nullptr;
  int resumes_left_ = 0;        // of this turn; 0 outside of RunReady
  int resumes_since_look_ = 0;  // at timers and descriptors
  TimerHeap timers_;
  std::int64_t now_ns_ = 0;
  std::size_t live_ = 0;
  std::size_t watches_ = 0;
  std::uint64_t next_id_ = 0;
  std::atomic<std::uint64_t> epoch_{0};
  std::atomic<const FiberCore*> watched_{nullptr};
  std::atomic<std::uint64_t> idle_{0};
  std::atomic<std::int64_t> turn_ns_{0};  // now_ns_, for other threads
  std::atomic<pthread_t> thread_{};
  std::uint64_t sleeps_ = 0;

  static constexpr int kBatch = 256;
  epoll_event batch_[kBatch];
  int batch_at_ = 0;
  int batch_size_ = 0;
  bool handing_out_ = false;  // Dispatch is on the stack
  TaskQueue after_events_;

  StackMaker stacks_;
  List<FiberCore, IdleTag> idle_fibers_;  // the warmest first
  std::size_t idle_count_ = 0;
  std::size_t idle_low_ = 0;   // fewest since the last look: so many nobody has needed
  std::size_t cold_ = 0;       // that are to be destroyed yet, of those
  bool trim_due_ = false;      // there may be something to give back
  bool trimming_ = false;      // a look has been taken, and its pieces are not all done
  std::int64_t last_trim_ns_ = 0;  // the last look, or its last piece
  std::uint64_t retired_ = 0;
  std::atomic<std::size_t> deepest_{0};
  const Error no_stack_ = ErrorAccess::NoMemory().Wrap("stack of a new fiber");
  const std::shared_ptr<FiberRoll> roll_ = std::make_shared<FiberRoll>();

  std::unique_ptr<AsioDriver> asio_;
  int operations_ = 0;
  bool abandoned_ = false;
  LoopLocal* locals_ = nullptr;
  BlockPool blocks_;
  SpinPolicy spin_;
  bool by_message_ = false;        // the last sleep ended with one
  std::int64_t idle_since_ns_ = 0;
  FiberCore* parked_last_ = nullptr;  // and went back to the loop: likely the next one to go on

  // Touched by other threads: on cache lines of their own. That of the inbox goes back and forth between a loop that spins and
  // those who wake it; the pins stay with the latter.
  alignas(64) std::atomic<LoopTask*> inbox_{nullptr};
  std::atomic<bool> sleeping_{false};
  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> woken_at_ns_{0};  // by the real clock: when somebody last found it asleep
  alignas(64) std::atomic<int> pins_{0};
};

// The loop of this thread, or null.
extern constinit thread_local LoopCore* t_loop;
inline LoopCore* CurrentLoop() noexcept { return t_loop; }
inline FiberCore* CurrentFiber() noexcept { return t_loop != nullptr ? t_loop->running() : nullptr; }

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_LOOP_CORE_H_
