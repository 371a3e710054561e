// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/run.h>

#include <thread>

#include <weft/concurrency/resources.h>
#include <weft/concurrency/internal/observe/watchdog.h>
#include <weft/concurrency/internal/run/main_job.h>
#include <weft/concurrency/internal/runtime/park.h>
#include <weft/concurrency/internal/runtime/scheduler.h>
#include <weft/concurrency/loop.h>

namespace weft {
namespace internal {

Error RunMain(const Context& ctx, const RunOptions& options, UniqueFunction<Error(const Context&)>& main) {
  if (CurrentFiber() != nullptr) {
    ScopedContext current(ctx);
    return CallGuarded(main, ctx);
  }
  CheckMayBlock("Run");
  if (VirtualTime()) AbortMisuse("Run", "loops on real time cannot run during RunTest: call it in a fiber of the test");
  Scheduler scheduler({options.loops, options.stack_bytes, options.offload_threads, options.offload_queue, options.name});
  Watchdog watchdog(scheduler, options);
  scheduler.SetWatchdog(watchdog);
  MainJob job(scheduler, ctx, main);
  FiberOptions fiber;
  fiber.name = options.name;
  fiber.context = &ctx;
  if (Error failed = scheduler.RunUntilDone(job, fiber)) return failed;
  return job.TakeResult();
}

}  // namespace internal

void Yield() {
  if (internal::CurrentFiber() != nullptr) return internal::YieldFiber();
  internal::CheckMayBlock("Yield");
  std::this_thread::yield();
}

int LoopCount() {
  internal::LoopCore* loop = internal::CurrentLoop();
  return loop != nullptr ? loop->scheduler().LoopCount() : UsableCpus();
}

}  // namespace weft
