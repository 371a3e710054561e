// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_TEST_EXPLORE_MAIN_H_
#define WEFT_CONCURRENCY_INTERNAL_TEST_EXPLORE_MAIN_H_

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/call_returning_error.h>
#include <weft/concurrency/internal/base/unique_function.h>
#include <weft/concurrency/testing_explore.h>

namespace weft {

namespace internal {
Error ExploreMain(const ExploreOptions& options, UniqueFunction<Error(const Context&)>& body);
}  // namespace internal

template <class F>
Error Explore(const ExploreOptions& options, F body) {
  internal::UniqueFunction<Error(const Context&)> function(
      [&body](const Context& ctx) -> Error { return internal::CallReturningError(body, ctx); });
  return internal::ExploreMain(options, function);
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_TEST_EXPLORE_MAIN_H_
