// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/offload.h>

#include <weft/concurrency/internal/base/tracing.h>
#include <weft/concurrency/internal/runtime/scheduler.h>
#include <weft/concurrency/internal/runtime/wait_list.h>
#include <weft/concurrency/scoped_context.h>

namespace weft::internal {
namespace {

// Lies on the stack of the fiber that waits.
struct ParkedJob : OffloadJob {
  void (*call)(void*) = nullptr;
  void* what = nullptr;
  SmallLock lock;  // held by the pool thread while it wakes the fiber
  Parker* waiter WEFT_GUARDED_BY(lock) = nullptr;
  bool ended WEFT_GUARDED_BY(lock) = false;
  const FiberCore* const fiber = CurrentFiber();
  const Context* given = nullptr;

  void Run() {
    TraceOffload(TraceKind::kOffloadBegin, fiber->record);
    const ScopedContext current(*given);
    call(what);
  }
  void End() {
    std::lock_guard hold(lock);
    ended = true;
    if (waiter != nullptr) waiter->Wake();
    TraceOffload(TraceKind::kOffloadEnd, fiber->record);
  }

  // Returns true when the job has ended, false when the context is done first.
  bool WaitForEnd(const Context& ctx) {
    return WaitInPlace(lock, waiter, "offload", ctx, [this]() WEFT_REQUIRES(lock) { return ended; });
  }
};

}  // namespace

Error RunOffloaded(const Context& ctx, void (*call)(void*), void* what) {
  if (Error err = ctx.Err()) return err;
  if (CurrentLoop() == nullptr) {
    const ScopedContext current(ctx);
    call(what);
    return {};
  }
  CheckMayBlock("Offload");
  ExplorePoint();
  OffloadPool& pool = CurrentLoop()->scheduler().pool();
  ParkedJob job;
  job.run = [](OffloadJob* j) { static_cast<ParkedJob*>(j)->Run(); };
  job.end = [](OffloadJob* j) { static_cast<ParkedJob*>(j)->End(); };
  job.call = call;
  job.what = what;
  job.given = &ctx;
  if (Error failed = pool.Add(job)) return failed;
  if (job.WaitForEnd(ctx)) return {};
  if (pool.Remove(job)) return ctx.Err();
  // It is running, and uses our stack until it ends.
  while (!job.WaitForEnd(Background())) {
  }
  return {};
}

}  // namespace weft::internal

namespace weft {

OffloadStats CurrentOffloadStats() {
  internal::LoopCore* loop = internal::CurrentLoop();
  return loop != nullptr ? loop->scheduler().pool().Stats() : OffloadStats();
}

}  // namespace weft
