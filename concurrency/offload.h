// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_OFFLOAD_H_
#define WEFT_CONCURRENCY_OFFLOAD_H_

#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft {

namespace internal {

// Runs `call(what)` on a pool thread and parks the fiber; on a plain thread it calls it in place. Returns an error if it was
// not called.
Error RunOffloaded(const Context& ctx, void (*call)(void*), void* what);

template <class T>
struct IsResult : std::false_type {};
template <class T>
struct IsResult<Result<T>> : std::true_type {};

template <class F>
decltype(auto) CallOffloaded(F& f, const Context& ctx) {
  if constexpr (std::is_invocable_v<F&, const Context&>) {
    return f(ctx);
  } else {
    return f();
  }
}

}  // namespace internal

// Runs `f` on a thread of the scheduler's pool and parks the fiber until it has ended: for code that would block its thread
// (file I/O, a database client without an asynchronous form) or compute for long. `f` takes nothing, or a const Context& to
// notice a cancel. If the context is done before a thread has begun, `f` is not called and the context's error comes back; once it
// runs, Offload waits for its end, because `f` may use the caller's stack, and what it returned comes back. An exception
// comes back as an Error, and so does a failure to start a thread. On a plain thread `f` runs in place.
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

}  // namespace weft

#endif  // WEFT_CONCURRENCY_OFFLOAD_H_
