// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_CALL_RETURNING_ERROR_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_CALL_RETURNING_ERROR_H_

#include <type_traits>

#include <weft/concurrency/error.h>

namespace weft {
class Context;
}

namespace weft::internal {

// Calls a function that returns Error, or nothing.
template <class F>
Error CallReturningError(F& f, const Context& ctx) {
  if constexpr (std::is_invocable_v<F&, const Context&>) {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, const Context&>>) {
      f(ctx);
      return {};
    } else {
      return f(ctx);
    }
  } else {
    static_assert(std::is_invocable_v<F&, const Context&>, "the function must take a const weft::Context&");
  }
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_CALL_RETURNING_ERROR_H_
