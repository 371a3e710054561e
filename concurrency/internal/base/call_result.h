// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_CALL_RESULT_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_CALL_RESULT_H_

#include <exception>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft::internal {

// Calls f: Result<T>(const Context&), or one that returns a T or an Error. What it throws is returned as an Error.
template <class T, class F>
Result<T> CallReturningResult(F& f, const Context& ctx) {
  try {
    return f(ctx);
  } catch (...) {
    return Error::FromException(std::current_exception());
  }
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_CALL_RESULT_H_
