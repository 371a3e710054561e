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
#include <weft/concurrency/internal/structure/all_values.h>

namespace weft {

// Runs all functions at once, in a Group of the caller. Returns their values in the order of the
// functions, or the first error, which cancels the other functions. An exception counts as an
// error. First (group.h) is the opposite: it returns one value, the first one.
//
//   weft::Result<std::vector<Item>> Load(const weft::Context& ctx, const std::vector<int>& ids) {
//     std::vector<std::function<weft::Result<Item>(const weft::Context&)>> lookups;
//     for (int id : ids) lookups.push_back([id](const weft::Context& c) { return Find(c, id); });
//     return weft::All<Item>(ctx, std::move(lookups));
//   }
//
// All functions have ended when it returns, so they may refer to the caller's stack. No functions
// give no values. Under a context that is already done, none is called and its error is returned.
//
// Parks. On a plain thread it blocks, and each function gets a thread.
template <class T>
Result<std::vector<T>> All(const Context& ctx,
                           std::vector<std::function<Result<T>(const Context&)>> functions) {
  if (Error err = ctx.Err()) return err;
  std::vector<std::optional<T>> slots(functions.size());
  Group group(ctx);
  for (std::size_t i = 0; i < functions.size(); ++i) {
    internal::GoInto<T>(group, functions[i], slots[i]);
  }
  const Error first = group.Wait();
  std::vector<T> values;
  values.reserve(slots.size());
  for (std::optional<T>& slot : slots) {
    if (first || !slot.has_value()) return internal::WhyMissing(first, ctx);
    values.push_back(std::move(*slot));
  }
  return values;
}

// The same for functions of different types: each F is a Result<T>(const Context&) with a T of its
// own, and the values come back as a tuple.
//
//   weft::Error Show(const weft::Context& ctx, int id) {
//     auto both = weft::All(ctx, [&](const weft::Context& c) { return LoadUser(c, id); },
//                           [&](const weft::Context& c) { return LoadOrders(c, id); });
//     if (weft::Error err = both.Err()) return err;
//     auto& [user, orders] = *both;
//     return Render(user, orders);
//   }
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
