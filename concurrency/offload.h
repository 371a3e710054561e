// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_OFFLOAD_H_
#define WEFT_CONCURRENCY_OFFLOAD_H_

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/runtime/run_offloaded.h>

namespace weft {

// Runs `f` on a thread of the scheduler's pool and parks the fiber until it has ended: for code
// that would block its thread (file I/O, a database client without an asynchronous form) or compute
// for long. `f` takes nothing, or a const Context& to notice a cancel; CurrentContext() in it is
// this context as well. If the context is done before a thread has begun, `f` is not called and the
// context's error comes back; once it runs, Offload waits for its end, because `f` may use the
// caller's stack, and what it returned comes back. An exception comes back as an Error, and so does
// a failure to start a thread. On a plain thread `f` runs in place, and so does an Offload inside
// of an Offload.
//
// The pool has RunOptions::offload_threads; when all are at work, calls wait for one in the order
// in which they came. If RunOptions::offload_queue of them wait already, a call fails at once with
// kRefused and `f` is not called: the work comes in faster than the threads can do it, and who
// waits longer only answers later.
//
// Where a thread of the pool and a loop share a core the loop comes first: the pool's threads have
// the scheduler's policy SCHED_BATCH, unless the process has another one than the usual; threads
// and processes that `f` starts inherit it.
//
// f returning T gives Result<T>; Error or void gives Error; Result<T> gives Result<T>.
//
//   weft::Result<std::string> text = weft::Offload(ctx, [&] { return ReadWholeFile(path); });
template <class F>
auto Offload(const Context& ctx, F f) {
  using T = std::decay_t<decltype(internal::CallOffloaded(f, ctx))>;
  constexpr bool kGivesError = std::is_void_v<T> || std::is_same_v<T, Error>;
  using Out = std::conditional_t<kGivesError, Error, std::conditional_t<internal::IsResult<T>::value, T, Result<std::conditional_t<kGivesError, int, T>>>>;
  struct Call {
    F& f;
    const Context& ctx;
    std::optional<Out> out;
    static void Run(void* self) {
      auto* call = static_cast<Call*>(self);
      try {
        if constexpr (std::is_void_v<T>) {
          internal::CallOffloaded(call->f, call->ctx);
          call->out.emplace(Error());
        } else {
          call->out.emplace(internal::CallOffloaded(call->f, call->ctx));
        }
      } catch (...) {
        call->out.emplace(Error::FromException(std::current_exception()));
      }
    }
  };
  Call call{f, ctx, std::nullopt};
  if (Error err = internal::RunOffloaded(ctx, &Call::Run, &call)) return Out(std::move(err));
  return std::move(*call.out);
}

// What the pool of a scheduler does and has done so far.
struct OffloadStats {
  int threads = 0;             // made so far; they stay until the scheduler ends
  int busy = 0;                // of them, at work
  int queued = 0;              // calls that wait because all threads are at work
  std::uint64_t done = 0;      // functions that have returned; those of Resolve are counted too
  std::uint64_t refused = 0;   // calls that failed because the queue was full
  Duration longest_wait{};     // of a call for its thread; one that gave up, or waits still, counts too
};

// Of the running fiber's scheduler; all zero on a plain thread. Takes the pool's lock for a moment;
// does not suspend.
OffloadStats CurrentOffloadStats();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_OFFLOAD_H_
