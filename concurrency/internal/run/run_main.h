// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUN_RUN_MAIN_H_
#define WEFT_CONCURRENCY_INTERNAL_RUN_RUN_MAIN_H_

#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/call_returning_error.h>
#include <weft/concurrency/internal/base/unique_function.h>
#include <weft/concurrency/run.h>

namespace weft {

namespace internal {
Error RunMain(const Context& ctx, const RunOptions& options, UniqueFunction<Error(const Context&)>& main);
}  // namespace internal

template <class F>
Error Run(const Context& ctx, const RunOptions& options, F main) {
  internal::UniqueFunction<Error(const Context&)> function(
      [&main](const Context& c) -> Error { return internal::CallReturningError(main, c); });
  return internal::RunMain(ctx, options, function);
}

template <class F>
Error Run(const Context& ctx, F main) {
  return Run(ctx, RunOptions{}, std::move(main));
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_RUN_RUN_MAIN_H_
