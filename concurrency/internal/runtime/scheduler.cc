// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/scheduler.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>

#include <weft/concurrency/resources.h>
#include <weft/concurrency/internal/base/thread_signals.h>
#include <weft/concurrency/internal/runtime/loop_list.h>

namespace weft::internal {
namespace {

int LoopsWanted(const SchedulerOptions& options) { return options.loops > 0 ? options.loops : UsableCpus(); }

int OffloadThreads(const SchedulerOptions& options) {
  if (options.offload_threads > 0) return options.offload_threads;
  const int threads = 4 * LoopsWanted(options);
  return threads < 8 ? 8 : threads;
}

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options)
    : name_(options.name), pool_(OffloadThreads(options), options.offload_queue, VirtualTime() ? &tally_ : nullptr) {
  for (int i = 0; i < LoopsWanted(options); ++i) {
    loops_.push_back(std::make_unique<LoopCore>(*this, static_cast<LoopHost&>(*this), i, options.stack_bytes));
    LoopList::Add(*loops_.back());
  }
}

Scheduler::~Scheduler() {
  for (auto& loop : loops_) LoopList::Remove(*loop);
}

Error Scheduler::RunUntilDone(FiberJob& job, const FiberOptions& options) {
  for (auto& loop : loops_) {
    if (Error failed = loop->Open()) return failed.Wrap("Run: no descriptors for the loops; raise the limit (ulimit -n)");
  }
  const PipeSignalShield no_pipe_signal;  // until the last thread was joined, so that the handler is installed once
  std::vector<std::thread> threads;
  Error failed = StartThreads(threads);
  struct FirstStart : LoopTask {
    FirstStart(Scheduler& s, FiberJob& j, const FiberOptions& o) : LoopTask(&Go), scheduler(s), job(j), options(o) {}
    static void Go(LoopTask* task) {
      auto* self = static_cast<FirstStart*>(task);
      if (self->scheduler.At(0).StartFiber(self->job, self->options) == nullptr) {
        self->failed = Error::New("Run: no memory for the stack of the first fiber");
        self->scheduler.Release();
      }
    }
    Scheduler& scheduler;
    FiberJob& job;
    const FiberOptions& options;
    Error failed;
  };
  FirstStart first(*this, job, options);
  if (!failed) {
    Hold();  // released by the job's Ended
    At(0).PushRemote(first);
    DriveLoop(At(0));
    failed = std::move(first.failed);
  }
  for (std::size_t i = 1; i < loops_.size(); ++i) loops_[i]->RequestStop();
  for (std::thread& thread : threads) thread.join();
  if (watchdog_ != nullptr) watchdog_->Stop();
  return failed;
}

Error Scheduler::StartThreads(std::vector<std::thread>& threads) {
  threads.reserve(loops_.size());
  try {
    if (watchdog_ != nullptr) watchdog_->Start();
    for (std::size_t i = 1; i < loops_.size(); ++i) {
      threads.emplace_back([this, i] { DriveLoop(*loops_[i]); });
    }
  } catch (const std::system_error& e) {
    return Error(e.code()).Wrap("Run: start the thread of a loop");
  }
  return {};
}

void Scheduler::DriveLoop(LoopCore& loop) {
  const PipeSignalShield no_pipe_signal;
  OverflowWatch overflow;
  loop.Run();
}

bool Scheduler::TryHold() noexcept {
  std::int64_t holds = holds_.load(std::memory_order_relaxed);
  while (holds != 0) {
    if (holds_.compare_exchange_weak(holds, holds + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

void Scheduler::Release() noexcept {
  if (CurrentLoop() != nullptr && &CurrentLoop()->scheduler() == this) {  // it joins this thread before it ends
    if (holds_.fetch_sub(1, std::memory_order_acq_rel) == 1) At(0).RequestStop();
    return;
  }
  // The scheduler may be gone as soon as the count is zero, unless its first loop is pinned.
  LoopCore& first = At(0);
  first.Pin();
  if (holds_.fetch_sub(1, std::memory_order_acq_rel) == 1) first.RequestStop();
  first.Unpin();
}

LoopCore& Scheduler::NextForSpread() noexcept {
  return At(static_cast<int>(spread_.fetch_add(1, std::memory_order_relaxed) % static_cast<unsigned>(LoopCount())));
}

bool Scheduler::MayJump(bool more) {
  if (on_idle_) return on_idle_(more);
  if (!more) AbortMisuse("Run", "under virtual time all fibers wait and nothing can wake them");
  return true;
}

void Scheduler::Abandon() noexcept {
  for (auto& loop : loops_) {
    LoopList::Remove(*loop);
    loop->Abandon();
  }
}

void Scheduler::ReportOverflow(const FiberCore& fiber) noexcept {
  char name[48];
  fiber.record.CopyName(name, sizeof(name));
  std::fprintf(stderr, "weft: stack overflow in fiber \"%s\": the mark below its stack of %zu KiB was overwritten\n", name,
               fiber.stack.Bytes() / 1024);
  std::abort();
}

}  // namespace weft::internal
