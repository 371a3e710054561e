// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/loop_core.h>

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <thread>

#include <weft/concurrency/internal/asio_driver.h>
#include <weft/concurrency/internal/sanitizers.h>
#include <weft/concurrency/internal/scheduler.h>
#include <weft/concurrency/internal/system_calls.h>
#include <weft/concurrency/internal/thread_tally.h>
#include <weft/concurrency/internal/tracing.h>

namespace weft::internal {

constinit thread_local LoopCore* t_loop = nullptr;

namespace {
// Ids are unique in the process; a loop takes them in blocks. The first block begins at kIdsAtOnce, so 0 is nobody's.
constexpr std::uint64_t kIdsAtOnce = 1024;
std::atomic<std::uint64_t> g_next_ids{kIdsAtOnce};

constexpr int kResumesPerTurn = 64;
constexpr int kTasksPerTurn = 64;    // a task may run a fiber, or take as long as one
constexpr int kWakesPerTurn = 64;
constexpr int kTimersPerLook = 256;  // most wake a fiber, which runs later
constexpr std::int64_t kTrimEveryNs = 500'000'000;
constexpr std::int64_t kTrimPauseNs = 1'000'000;  // between two pieces, while there is other work
constexpr int kTrimPiece = 128;                   // fibers, or stacks
constexpr std::size_t kKeepWarm = 16;             // fibers that are never destroyed
// A stack that was used deeper gives what lies below back at once. As much as the largest page, so that what a system with large pages
// adds to a length never reaches the fiber at the top.
constexpr std::size_t kDeepBytes = 64 * 1024;

// Sleeps of less than a millisecond. Linux before 5.11 does not have the call, and filters of system calls that do not know it forbid
// it, with an error of their own choice (EPERM, EACCES): the first such error is remembered, and sleeps last whole milliseconds.
std::atomic<bool> g_fine_sleeps{true};

int WaitFor(int epoll_fd, epoll_event* events, int most, std::int64_t timeout_ns) {
  if (timeout_ns <= 0) return epoll_wait(epoll_fd, events, most, timeout_ns < 0 ? -1 : 0);
  if (g_fine_sleeps.load(std::memory_order_relaxed)) {
    const timespec timeout{static_cast<time_t>(timeout_ns / 1'000'000'000), static_cast<long>(timeout_ns % 1'000'000'000)};
    const int count = EpollWaitNs(epoll_fd, events, most, timeout);
    if (count >= 0 || errno == EINTR) return count;
    g_fine_sleeps.store(false, std::memory_order_relaxed);
  }
  constexpr std::int64_t kLongestMs = 1'000'000;
  const std::int64_t ms = timeout_ns / 1'000'000 + (timeout_ns % 1'000'000 != 0 ? 1 : 0);
  return epoll_wait(epoll_fd, events, most, static_cast<int>(std::min(ms, kLongestMs)));
}
}  // namespace

LoopCore::LoopCore(Scheduler& scheduler, int index, std::size_t bytes) : scheduler_(scheduler), index_(index), stacks_(bytes) {}

Error LoopCore::Open() noexcept {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ >= 0) wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd_ < 0) return std::error_code(errno, std::system_category());
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;  // edge-triggered: the counter is never read
  event.data.ptr = nullptr;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) != 0) return std::error_code(errno, std::system_category());
  return {};
}

LoopCore::~LoopCore() {
  asio_.reset();
  for (const int fd : {wake_fd_, epoll_fd_}) {
    if (fd >= 0) close(fd);
  }
}

void LoopCore::Run() {
  t_loop = this;
  thread_.store(pthread_self(), std::memory_order_release);
  eh = CurrentEhState();
  tsan_fiber = TsanCurrentFiber();
  RefreshNow();
  while (!abandoned_ && (!stop_.load(std::memory_order_acquire) || live_ != 0 || HasWork())) Turn();
  while (locals_ != nullptr) locals_->end(locals_);
  if (!abandoned_) {
    while (FiberCore* fiber = idle_fibers_.Front()) DestroyIdle(*fiber);
  }
  t_loop = nullptr;
  // Whoever woke our last fiber may still be inside of its wake-up.
  while (pins_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

void LoopCore::RequestStop() noexcept {
  stop_.store(true, std::memory_order_seq_cst);
  WakeUp();
}

void LoopCore::Turn() {
  DrainInbox();
  if (!waking_.Empty()) [[unlikely]] WakeSome();
  RunReady();
  if (HasWork()) return LookAround();
  if (stop_.load(std::memory_order_acquire) && live_ == 0) return;
  Sleep();
}

// Descriptors and timers, while fibers are ready. In this order: after a long turn bytes may have come in time and a timeout be due as
// well, and what came in time must win.
void LoopCore::LookAround() {
  resumes_since_look_ = 0;
  RefreshNow();
  if (watches_ != 0) Dispatch(PollDescriptors(0));
  if (asio_ != nullptr) asio_->Poll();
  FireTimers();
  TrimIfDue(false);
}

void LoopCore::RunReady() {
  if (CurrentExplorer() != nullptr) [[unlikely]] return ExploreReady();
  resumes_left_ = kResumesPerTurn;
  while (resumes_left_ > 0) {
    LoopTask* task = ready_.Pop();
    if (task == nullptr) break;
    --resumes_left_;
    RunFiber(static_cast<FiberCore&>(*task));
  }
  resumes_since_look_ += kResumesPerTurn - resumes_left_;
  resumes_left_ = 0;
}

void LoopCore::NowRuns(FiberCore& fiber) noexcept {
  running_ = &fiber;
  watched_.store(&fiber, std::memory_order_relaxed);
  epoch_.store(epoch_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// Under the lock of the roll: one that runs now is not destroyed before the lock is free.
bool LoopCore::CopyRunningName(char* out, std::size_t size) const noexcept {
  bool found = false;
  roll_->Locked([&] {
    const FiberCore* fiber = watched_.load(std::memory_order_relaxed);
    found = fiber != nullptr;
    if (found) fiber->record.CopyName(out, size);
  });
  return found;
}

void LoopCore::CheckCanary(const FiberCore& fiber) noexcept {
  if (fiber.stack.canary && !StackMaker::CanaryIntact(fiber.stack)) scheduler_.ReportOverflow(fiber);
}

void LoopCore::RunFiber(FiberCore& fiber) {
  NowRuns(fiber);
  TraceResume(fiber.record);
  FiberCore& back = fiber.Resume();
  TraceStop(back.record, back.HasEnded());
  running_ = nullptr;
  watched_.store(nullptr, std::memory_order_relaxed);
  CheckCanary(back);
  if (back.TakeEnded()) Retire(back);
}

// Straight to the next fiber, where the turn has time for one more: one switch instead of two.
void LoopCore::SuspendRunning() noexcept {
  FiberCore& from = *running_;
  LoopTask* task = resumes_left_ > 0 ? ready_.Pop() : nullptr;
  if (task == nullptr) {
    parked_last_ = &from;
    return from.SwitchTo(nullptr);
  }
  --resumes_left_;
  auto& to = static_cast<FiberCore&>(*task);
  CheckCanary(from);
  TraceStop(from.record, false);
  NowRuns(to);
  TraceResume(to.record);
  if (&to != &from) {
    from.SwitchTo(&to);
  } else {
    from.record.SetState(FiberState::kRunning);
  }
}

// The inbox is a stack; a batch of it is turned round, so that tasks run in the order in which they came.
void LoopCore::TakeInbox() {
  LoopTask* newest = inbox_.load(std::memory_order_relaxed);
  if (newest == nullptr) return;
  // These come while the exchange takes the line of the inbox.
  PrefetchToWrite(newest);
  if (newest == parked_last_) parked_last_->fetch.FetchAll();
  newest = inbox_.exchange(nullptr, std::memory_order_acquire);
  LoopTask& last = *newest;
  LoopTask* oldest = nullptr;
  while (newest != nullptr) {
    LoopTask* next = LoopAccess::Next(*newest);
    LoopAccess::Next(*newest) = oldest;
    oldest = newest;
    newest = next;
  }
  arrived_.PushAll(*oldest, last);
}

void LoopCore::DrainInbox() {
  TakeInbox();
  for (int left = kTasksPerTurn; left > 0; --left) {
    LoopTask* task = arrived_.Pop();
    if (task == nullptr) return;
    ++resumes_since_look_;
    LoopAccess::Run(*task);
  }
}

// As many as a turn resumes: so of those that have given up, few at a time stand in a queue where others must pass over them.
void LoopCore::WakeSome() {
  ContextNode& ended = *waking_.PopFront();
  if (ended.WakeSome(kWakesPerTurn)) {
    waking_.PushBack(ended);
  } else {
    ContextNode::UnrefMemory(&ended);
  }
}

// The rest of those that are due comes at the next look.
void LoopCore::FireTimers() {
  for (int left = kTimersPerLook; left > 0; --left) {
    LoopTimer* timer = timers_.PopDue(now_ns_);
    if (timer == nullptr) return;
    LoopAccess::Fire(*timer);
    if (Explorer* explorer = CurrentExplorer(); explorer != nullptr && !ready_.Empty() && explorer->Coin()) [[unlikely]] return;
  }
}

void LoopCore::Sleep() {
  if (spin_.Worthwhile()) {
    if (SpinForInbox()) {
      // Messages in quick succession must not keep the loop from the rest for longer than ready fibers may.
      if (resumes_since_look_ >= kResumesPerTurn) LookAround();
      return;
    }
  } else {
    if (by_message_) RefreshNow();  // where messages come, it matters how soon; elsewhere this look at the clock would be for nothing
    idle_since_ns_ = now_ns_;
  }
  resumes_since_look_ = 0;
  if (VirtualTime()) {
    if (PollDescriptors(0) == 0 && (asio_ == nullptr || asio_->Poll() == 0) && ready_.Empty() && AdvanceVirtualTime()) {
      TrimIfDue(true);
      return;
    }
  } else {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (inbox_.load(std::memory_order_seq_cst) == nullptr && !(stop_.load(std::memory_order_seq_cst) && live_ == 0)) {
      std::int64_t until = timers_.Earliest();
      if (trim_due_) until = std::min(until, TrimDueNs());
      idle_.store(IdleWord(), std::memory_order_relaxed);
      SleepUntil(until);
      idle_.store(0, std::memory_order_relaxed);
    }
    sleeping_.store(false, std::memory_order_relaxed);
  }
  RefreshNow();
  LearnFromSleep();
  Dispatch(batch_size_);
  if (asio_ != nullptr) asio_->Poll();
  FireTimers();
  TrimIfDue(true);
}

// Of Asio nobody knows what it waits for.
std::uint64_t LoopCore::IdleWord() noexcept {
  const bool wakes_itself = timers_.Earliest() != kNever || watches_ != 0 || asio_ != nullptr;
  return ++sleeps_ * 2 + (wakes_itself ? 1 : 0);
}

void LoopCore::SleepUntil(std::int64_t until_ns) {
  if (asio_ != nullptr) {
    asio_->Sleep(until_ns);
    PollDescriptors(0);
    return;
  }
  std::int64_t timeout = -1;
  if (until_ns != kNever) timeout = std::max<std::int64_t>(0, until_ns - RealNowNs());
  PollDescriptors(timeout);
}

// True if there is something to do: a message, or what came up at the looks around.
bool LoopCore::SpinForInbox() {
  const auto spin = [this](int times) {
    for (int i = 0; i < times; ++i) {
      if (inbox_.load(std::memory_order_relaxed) != nullptr) return true;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    return false;
  };
  // A quick answer is taken without a look at the clock.
  bool news = spin(16);
  std::int64_t took = 0;
  if (!news) {
    const std::int64_t begin = idle_since_ns_ = RealNowNs();
    const std::int64_t limit = spin_.LimitNs();
    for (std::int64_t look = SpinPolicy::kSpinNs; !news && took < limit && ready_.Empty(); took = RealNowNs() - begin) {
      if (took >= look) {
        LookAround();  // timers and descriptors wait no longer than in a turn of fibers
        look = took + SpinPolicy::kSpinNs;
      }
      news = spin(32);
    }
  }
  spin_.Spun(news, took);
  return news || !ready_.Empty();
}

void LoopCore::LearnFromSleep() noexcept {
  // Of messages to the only loop, from threads, nobody waits for the answer of another loop.
  by_message_ = inbox_.load(std::memory_order_relaxed) != nullptr && Siblings() > 1 && !VirtualTime();
  if (!by_message_) return;
  const std::int64_t woken_at = woken_at_ns_.load(std::memory_order_relaxed);
  if (woken_at > idle_since_ns_) spin_.WokenByMessage(woken_at - idle_since_ns_, std::max<std::int64_t>(now_ns_ - woken_at, 0));
}

// True if time moved, so that a timer is due. Otherwise nobody can wake anybody, unless a thread works for us.
bool LoopCore::AdvanceVirtualTime() {
  if (CurrentExplorer() != nullptr && scheduler_.pool().Held() != 0) return false;
  if (batch_size_ != 0) return false;
  if (scheduler_.tally().AnyAtWork() || operations_ != 0) {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (inbox_.load(std::memory_order_seq_cst) == nullptr) SleepUntil(RealNowNs() + 1'000'000);
    sleeping_.store(false, std::memory_order_relaxed);
    return false;
  }
  // After the look at the threads: one that has just ended its work has sent its message before.
  if (inbox_.load(std::memory_order_acquire) != nullptr) return false;
  const std::int64_t next = std::min(timers_.Earliest(), scheduler_.tally().Earliest());
  if (!scheduler_.MayJump(next != kNever)) return true;
  if (next > NowNs()) g_virtual_now.store(next, std::memory_order_release);
  RefreshNow();
  FireTimers();
  scheduler_.tally().WakeDue();
  return true;
}

int LoopCore::PollDescriptors(std::int64_t timeout_ns) {
  batch_at_ = 0;
  batch_size_ = std::max(WaitFor(epoll_fd_, batch_, kBatch, timeout_ns), 0);
  return batch_size_;
}

void LoopCore::Dispatch(int count) {
  handing_out_ = true;
  for (batch_at_ = 0; batch_at_ < count; ++batch_at_) {
    if (auto* watch = static_cast<FdWatch*>(batch_[batch_at_].data.ptr)) watch->OnFdEvents(batch_[batch_at_].events);
  }
  while (LoopTask* task = after_events_.Pop()) LoopAccess::Run(*task);
  handing_out_ = false;
  batch_at_ = batch_size_ = 0;
}

Error LoopCore::AddWatch(FdWatch& watch, int fd, std::uint32_t events) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watch;
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) return std::error_code(errno, std::system_category());
  ++watches_;
  return {};
}

void LoopCore::RemoveWatch(FdWatch& watch, int fd) noexcept {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  --watches_;
  ForgetEvents(watch);
}

void LoopCore::ForgetEvents(const FdWatch& watch) noexcept {
  for (int i = batch_at_; i < batch_size_; ++i) {
    if (batch_[i].data.ptr == &watch) batch_[i].data.ptr = nullptr;
  }
}

void LoopCore::PushRemote(LoopTask& task) noexcept {
  LoopTask* head = inbox_.load(std::memory_order_relaxed);
  do {
    LoopAccess::Next(task) = head;
  } while (!inbox_.compare_exchange_weak(head, &task, std::memory_order_seq_cst, std::memory_order_relaxed));
  WakeUp();
}

void LoopCore::WakeUp() noexcept {
  if (!sleeping_.load(std::memory_order_seq_cst) || !sleeping_.exchange(false, std::memory_order_seq_cst)) return;
  woken_at_ns_.store(RealNowNs(), std::memory_order_relaxed);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof(one));
}

std::uint64_t LoopCore::NextWork() noexcept {
  if (next_id_ % kIdsAtOnce == 0) next_id_ = g_next_ids.fetch_add(kIdsAtOnce, std::memory_order_relaxed) + 1;
  return next_id_++;
}

FiberCore* LoopCore::StartFiber(FiberJob& job, const FiberOptions& options) noexcept {
  FiberCore* fiber = idle_fibers_.PopFront();
  if (fiber != nullptr) {
    idle_low_ = std::min(idle_low_, --idle_count_);
  } else {
    fiber = FiberCore::Make(*this, stacks_);
    if (fiber == nullptr) return nullptr;
    roll_->Add(fiber->entry);
  }
  ++live_;
  fiber->job = &job;
  fiber->context = options.context;
  fiber->work = options.work;
  fiber->record.Begin(NextWork(), options, now_ns_);
  TraceStart(fiber->record, options.parent);
  if (running_ == nullptr) {
    RunFiber(*fiber);
  } else {
    ready_.Push(*fiber);
  }
  return fiber;
}

void LoopCore::Retire(FiberCore& fiber) {
  FiberJob* job = fiber.job;
  fiber.record.End();
  // A look at one in 256 is enough to know the depth, and to catch the stacks that would keep much memory.
  if (++retired_ % 256 == 0) {
    const std::size_t used = StackMaker::Resident(fiber.stack);
    if (used > deepest_.load(std::memory_order_relaxed)) deepest_.store(used, std::memory_order_relaxed);
    if (used > kDeepBytes) StackMaker::Trim(fiber.stack, kDeepBytes);
  }
  idle_fibers_.PushFront(fiber);
  if (++idle_count_ > kKeepWarm) trim_due_ = true;
  --live_;
  job->Ended();
}

void LoopCore::DestroyIdle(FiberCore& fiber) noexcept {
  fiber.Link<IdleTag>::Unlink();
  --idle_count_;
  if (parked_last_ == &fiber) parked_last_ = nullptr;  // something else may come to lie there
  NowRuns(fiber);
  fiber.EndForSanitizer();
  running_ = nullptr;
  watched_.store(nullptr, std::memory_order_relaxed);
  roll_->Remove(fiber.entry);
  FiberCore::Destroy(fiber, stacks_);
}

std::int64_t LoopCore::TrimDueNs() const noexcept { return trimming_ ? now_ns_ : last_trim_ns_ + kTrimEveryNs; }

// Once in a while looks how many fibers nobody has needed since the last look; they go, in pieces. A loop that has nothing else to do
// takes one piece after the other, and looks at the rest of its work in between.
void LoopCore::TrimIfDue(bool nothing_to_do) noexcept {
  if (!trim_due_) [[likely]] return;
  if (trimming_) {
    if (!nothing_to_do && now_ns_ - last_trim_ns_ < kTrimPauseNs) return;
  } else {
    if (now_ns_ - last_trim_ns_ < kTrimEveryNs) return;
    cold_ = idle_low_ > kKeepWarm ? idle_low_ - kKeepWarm : 0;
    idle_low_ = idle_count_ - cold_;
    trimming_ = true;
  }
  last_trim_ns_ = now_ns_;
  if (TrimSome()) return;
  trimming_ = false;
  trim_due_ = idle_count_ > kKeepWarm;
}

// The coldest first, then the pages of free stacks between stacks that are used. False: nothing is left to do.
bool LoopCore::TrimSome() noexcept {
  int left = kTrimPiece;
  for (; cold_ > 0 && idle_count_ > kKeepWarm && left > 0; --left, --cold_) DestroyIdle(*idle_fibers_.Back());
  if (left > 0) cold_ = 0;
  return cold_ != 0 || stacks_.Clean(left);
}

AsioDriver& LoopCore::Asio() {
  if (asio_ == nullptr) asio_ = std::make_unique<AsioDriver>(*this);
  return *asio_;
}

}  // namespace weft::internal
