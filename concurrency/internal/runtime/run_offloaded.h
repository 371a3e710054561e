// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_RUN_OFFLOADED_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_RUN_OFFLOADED_H_

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft::internal {

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

// The body of Offload.
template <class F>
auto CallInPool(const Context& ctx, F& f) {
  using T = std::decay_t<decltype(CallOffloaded(f, ctx))>;
  constexpr bool kGivesError = std::is_void_v<T> || std::is_same_v<T, Error>;
  using Out = std::conditional_t<kGivesError, Error, std::conditional_t<IsResult<T>::value, T, Result<std::conditional_t<kGivesError, int, T>>>>;
  struct Call {
    F& f;
    const Context& ctx;
    std::optional<Out> out;
    static void Run(void* self) {
      auto* call = static_cast<Call*>(self);
      try {
        if constexpr (std::is_void_v<T>) {
          CallOffloaded(call->f, call->ctx);
          call->out.emplace(Error());
        } else {
          call->out.emplace(CallOffloaded(call->f, call->ctx));
        }
      } catch (...) {
        call->out.emplace(Error::FromException(std::current_exception()));
      }
    }
  };
  Call call{f, ctx, std::nullopt};
  if (Error err = RunOffloaded(ctx, &Call::Run, &call)) return Out(std::move(err));
  return std::move(*call.out);
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_RUN_OFFLOADED_H_
