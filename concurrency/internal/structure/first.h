// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_STRUCTURE_FIRST_H_
#define WEFT_CONCURRENCY_INTERNAL_STRUCTURE_FIRST_H_

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/base/call_result.h>
#include <weft/concurrency/internal/base/small_lock.h>

namespace weft {

namespace internal {

// One error that names all errors; it has the code of `ended`, the context's error, if that is not empty.
Error MakeAllFailed(std::vector<Error> errors, const Error& ended);
Error NothingToTry();
// The cause of the losers' contexts.
Error AnotherWasFirst();

}  // namespace internal

template <class T>
Result<T> First(const Context& ctx, std::vector<std::function<Result<T>(const Context&)>> functions) {
  if (functions.empty()) return internal::NothingToTry();
  if (Error err = ctx.Err()) return err;
  internal::SmallLock lock;
  std::optional<T> winner;
  std::vector<Error> errors(functions.size());
  Group group(ctx);
  for (std::size_t i = 0; i < functions.size(); ++i) {
    group.Go("First", [&, i](const Context& c) {
      Result<T> result = internal::CallReturningResult<T>(functions[i], c);
      if (!result.Ok()) {
        errors[i] = result.Err();
        return;
      }
      {
        std::lock_guard hold(lock);
        if (winner.has_value()) return;
        winner.emplace(std::move(*result));
      }
      group.Cancel(internal::AnotherWasFirst());
    });
  }
  const Error not_started = group.Wait();
  if (winner.has_value()) return std::move(*winner);
  for (Error& error : errors) {
    if (!error) error = not_started ? not_started : kCanceled;
  }
  return internal::MakeAllFailed(std::move(errors), ctx.Err());
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_STRUCTURE_FIRST_H_
