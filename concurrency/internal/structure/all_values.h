// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_STRUCTURE_ALL_VALUES_H_
#define WEFT_CONCURRENCY_INTERNAL_STRUCTURE_ALL_VALUES_H_

#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/group.h>

namespace weft::internal {

template <class R>
struct ValueOfResult;
template <class T>
struct ValueOfResult<Result<T>> {
  using type = T;
};
template <class F>
using ValueOf = typename ValueOfResult<std::remove_cvref_t<std::invoke_result_t<F&, const Context&>>>::type;

// Runs f as a member that puts its value into `slot`.
template <class T, class F>
void GoInto(Group& group, F& f, std::optional<T>& slot) {
  group.Go("All", [&f, &slot](const Context& ctx) -> Error {
    Result<T> result = f(ctx);
    if (!result.Ok()) return result.Err();
    slot.emplace(std::move(*result));
    return {};
  });
}

// Why a value is missing: a group does not count its own cancellation as a failure.
inline Error WhyMissing(Error first, const Context& ctx) {
  if (first) return first;
  const Error ended = ctx.Err();
  return ended ? ended : kCanceled;
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_STRUCTURE_ALL_VALUES_H_
