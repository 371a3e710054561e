// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_TEST_RUN_TEST_MAIN_H_
#define WEFT_CONCURRENCY_INTERNAL_TEST_RUN_TEST_MAIN_H_

#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/call_returning_error.h>
#include <weft/concurrency/internal/base/unique_function.h>
#include <weft/concurrency/testing.h>

namespace weft {

namespace internal {
Error RunTestMain(const TestOptions& options, UniqueFunction<Error(const Context&)>& body);
}  // namespace internal

template <class F>
Error RunTest(const TestOptions& options, F body) {
  internal::UniqueFunction<Error(const Context&)> function(
      [&body](const Context& ctx) -> Error { return internal::CallReturningError(body, ctx); });
  return internal::RunTestMain(options, function);
}

template <class F>
Error RunTest(F body) {
  return RunTest(TestOptions{}, std::move(body));
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_TEST_RUN_TEST_MAIN_H_
