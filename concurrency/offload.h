// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_OFFLOAD_H_
#define WEFT_CONCURRENCY_OFFLOAD_H_

#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/runtime/run_offloaded.h>
#include <weft/concurrency/offload_stats.h>  // IWYU pragma: export

namespace weft {

// Runs `f` on a thread of the scheduler's pool, and parks the fiber until `f` has returned. For
// code that would block its thread (file I/O, a database client without an asynchronous interface)
// or compute for long, and so keep all other fibers of the loop from running.
//
//   weft::Result<std::string> Load(const weft::Context& ctx, const std::string& path) {
//     return weft::Offload(ctx, [&] { return ReadWholeFile(path); });
//   }
//
// `f` takes nothing, or a const Context& to notice a cancellation. CurrentContext() in it is that
// context as well. What comes back depends on what `f` returns:
//
//   T               Result<T>
//   Result<T>       Result<T>
//   Error, or void  Error
//
// If the context is done before a thread has started `f`, then `f` is not called and the context's
// error is returned. Once `f` runs, Offload waits until it has ended, because `f` may use the
// caller's stack, and returns its result. An exception comes back as an Error, and so does a
// failure to start a thread. On a plain thread, and inside of another Offload, `f` runs in place.
//
// The pool has RunOptions::offload_threads threads. While all are busy, calls wait in the order in
// which they came. If RunOptions::offload_queue calls are already waiting, a further one fails at
// once with kRefused, and `f` is not called: work then arrives faster than the threads can do it,
// and waiting longer would only delay the failure.
//
// If a thread of the pool and a loop share a core, the loop has precedence: the threads of the pool
// run under the scheduling policy SCHED_BATCH, unless the process has changed its own. Threads and
// processes that `f` starts inherit it.
template <class F>
auto Offload(const Context& ctx, F f) {
  return internal::CallInPool(ctx, f);
}

// The figures of the running fiber's scheduler; all zero on a plain thread. Takes the pool's lock
// for a moment, and never suspends.
OffloadStats CurrentOffloadStats();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_OFFLOAD_H_
