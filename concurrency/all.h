// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_ALL_H_
#define WEFT_CONCURRENCY_ALL_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/group.h>

namespace weft {

namespace internal {

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

// Why something is missing: a group does not count its own cancellation as a failure.
inline Error WhyMissing(Error first, const Context& ctx) {
  if (first) return first;
  const Error ended = ctx.Err();
  return ended ? ended : kCanceled;
}

}  // namespace internal

// Runs all functions at once, in a Group of the caller, and returns all values in the order of the
// functions, or the first error (an exception is one); then the others are canceled. Everything is
// joined when it returns. Under a done context none is called. No functions give no values. Parks;
// also on a plain thread, where each function gets a thread.
//
//   weft::Result<std::vector<Item>> items = weft::All<Item>(ctx, std::move(lookups));
template <class T>
Result<std::vector<T>> All(const Context& ctx, std::vector<std::function<Result<T>(const Context&)>> functions) {
  if (Error err = ctx.Err()) return err;
  std::vector<std::optional<T>> slots(functions.size());
  Group group(ctx);
  for (std::size_t i = 0; i < functions.size(); ++i) internal::GoInto<T>(group, functions[i], slots[i]);
  const Error first = group.Wait();
  std::vector<T> values;
  values.reserve(slots.size());
  for (std::optional<T>& slot : slots) {
    if (first || !slot.has_value()) return internal::WhyMissing(first, ctx);
    values.push_back(std::move(*slot));
  }
  return values;
}

// The same for functions of different types: F: Result<T>(const Context&), each with a T of its
// own.
//
//   auto both = weft::All(ctx, [&](const weft::Context& ctx) { return LoadUser(ctx, id); },
//                              [&](const weft::Context& ctx) { return LoadOrders(ctx, id); });
//   if (weft::Error err = both.Err()) return err;
//   auto& [user, orders] = *both;
template <class... F>
  requires(sizeof...(F) > 0 && (std::is_invocable_v<F&, const Context&> && ...))
Result<std::tuple<internal::ValueOf<F>...>> All(const Context& ctx, F... functions) {
  if (Error err = ctx.Err()) return err;
  std::tuple<std::optional<internal::ValueOf<F>>...> slots;
  Group group(ctx);
  std::apply([&](auto&... slot) { (internal::GoInto(group, functions, slot), ...); }, slots);
  const Error first = group.Wait();
  return std::apply(
      [&](auto&... slot) -> Result<std::tuple<internal::ValueOf<F>...>> {
        if (first || !(slot.has_value() && ...)) return internal::WhyMissing(first, ctx);
        return std::tuple<internal::ValueOf<F>...>(std::move(*slot)...);
      },
      slots);
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_ALL_H_
