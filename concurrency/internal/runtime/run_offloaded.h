// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_RUN_OFFLOADED_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_RUN_OFFLOADED_H_

#include <type_traits>

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

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_RUN_OFFLOADED_H_
