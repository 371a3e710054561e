// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SELECT_H_
#define WEFT_CONCURRENCY_SELECT_H_

#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/channel/select_cases.h>
#include <weft/concurrency/internal/channel/select_core.h>
#include <weft/concurrency/clock.h>

// Waits for the first of several things (Go's select).
//
//   weft::Result<std::size_t> which = weft::Select(ctx,
//       weft::OnReceive(jobs, [&](weft::Result<Job> job) { ... }),           // job.Err() is kClosed once it is closed and drained
//       weft::OnSend(results, std::move(result), [&] { ... }),               // moved from only if this case runs
//       weft::OnAfter(std::chrono::seconds(1), [&] { ... }),
//       weft::OnDone(r.Draining(), [&] { ... }));
//
// Exactly one case happens: its send or receive is done, then its function runs, without any lock,
// and may wait. Select returns the index of that case, or the Error that its function returned
// (functions return void or Error). If the context is done it fails with its error, also if a case
// is ready; so a case for the caller's own context is not needed.
//
// All cases are tried as one step: between the look at one and the look at another nothing happens
// on their channels. Of several that are ready one is chosen at random, all equally likely;
// SelectInOrder takes the first as written, which gives a priority. With OnDefault it does not
// wait. A case on a nil channel is never ready; without a case that can become ready it waits for
// the context. One channel may occur in several cases; a Select does not meet itself.
//
// An OnSend to a closed channel makes Select return kClosed.

namespace weft {

// f(Result<T>): a value, or kClosed.
template <class T, class F>
auto OnReceive(const Chan<T>& chan, F f) {
  return internal::ReceiveCase<T, F>(chan, std::move(f));
}

// A value that is moved in stays where it is until the case runs, so it must live as long as the
// Select; SelectCases::Add takes it over. Other values, and those that are trivial to copy, are
// copied at once. f() is optional.
template <class T, class V, class F = internal::DoNothing>
  requires std::is_same_v<std::remove_cvref_t<V>, T> || std::is_constructible_v<T, V>
auto OnSend(const Chan<T>& chan, V&& value, F f = {}) {
  if constexpr (std::is_same_v<V, T> && !std::is_trivially_copyable_v<T>) {
    return internal::SendCase<T, F>(chan, &value, std::move(f));
  } else {
    return internal::SendCase<T, F>(chan, T(std::forward<V>(value)), std::move(f));
  }
}

// Ready when this much time has passed since the Select began; at once for zero and less. f() is
// optional.
template <class F = internal::DoNothing>
auto OnAfter(Duration duration, F f = {}) {
  return internal::AfterCase<F>(duration, std::move(f));
}

// Ready when another context is done. f() is optional.
template <class F = internal::DoNothing>
auto OnDone(const Context& ctx, F f = {}) {
  return internal::DoneCase<F>(ctx, std::move(f));
}

// What is done when no other case is ready. f() is optional.
template <class F = internal::DoNothing>
auto OnDefault(F f = {}) {
  return internal::DefaultCase<F>(std::move(f));
}

namespace internal {

// The index, once the function of the case has run; or its Error.
inline Result<std::size_t> FinishSelect(const Result<std::size_t>& which, SelectCase** cases) {
  if (!which.Ok()) return which.Err();
  if (Error err = cases[*which]->Finish()) return err;
  return *which;
}

template <class Case>
inline constexpr bool kIsDefault = std::is_base_of_v<DefaultCaseTag, std::remove_cvref_t<Case>>;

template <class... Cases>
Result<std::size_t> SelectOf(const Context& ctx, SelectOrder order, Cases&... cases) {
  constexpr std::size_t kCount = sizeof...(Cases);
  static_assert((std::size_t{0} + ... + (kIsDefault<Cases> ? 1 : 0)) <= 1, "a Select has one OnDefault at the most");
  SelectCase* pointers[kCount + 1] = {&cases...};
  std::uint32_t numbers[kCount + 1];
  SmallLock* locks[kCount + 1];
  std::size_t default_case = kNoDefault;
  std::size_t at = 0;
  ((kIsDefault<Cases> ? void(default_case = at++) : void(++at)), ...);
  return FinishSelect(RunSelect(ctx, {pointers, numbers, locks, kCount, default_case}, order), pointers);
}

}  // namespace internal

template <class... Cases>
  requires(std::is_base_of_v<internal::SelectCase, std::remove_cvref_t<Cases>> && ...)
Result<std::size_t> Select(const Context& ctx, Cases&&... cases) {
  return internal::SelectOf(ctx, internal::SelectOrder::kFair, cases...);
}

template <class... Cases>
  requires(std::is_base_of_v<internal::SelectCase, std::remove_cvref_t<Cases>> && ...)
Result<std::size_t> SelectInOrder(const Context& ctx, Cases&&... cases) {
  return internal::SelectOf(ctx, internal::SelectOrder::kAsWritten, cases...);
}

// Cases whose number is known only at run time. The list may be used for several Selects one after
// the other; a length of time begins anew each time, and a value that was sent is gone. The list
// owns what is moved into its cases, whether it is sent or not.
//
//   weft::SelectCases cases;
//   for (auto& feed : feeds) cases.Add(weft::OnReceive(feed, [&](weft::Result<Tick> tick) { ... }));
//   auto which = weft::Select(ctx, cases);
class SelectCases {
 public:
  // Returns the case's index.
  template <class Case>
    requires std::is_base_of_v<internal::SelectCase, Case>
  std::size_t Add(Case one) {
    if constexpr (internal::kIsDefault<Case>) {
      if (default_case_ != internal::kNoDefault) internal::AbortMisuse("SelectCases::Add", "a Select has one OnDefault at the most");
      default_case_ = cases_.size();
    }
    cases_.push_back(std::make_unique<Case>(std::move(one)));
    cases_.back()->Keep();
    return cases_.size() - 1;
  }
  std::size_t Size() const { return cases_.size(); }

 private:
  friend Result<std::size_t> Select(const Context&, SelectCases&);
  friend Result<std::size_t> SelectInOrder(const Context&, SelectCases&);
  Result<std::size_t> Run(const Context& ctx, internal::SelectOrder order) {
    std::vector<internal::SelectCase*> pointers;
    for (auto& one : cases_) pointers.push_back(one.get());
    std::vector<std::uint32_t> numbers(cases_.size());
    std::vector<internal::SmallLock*> locks(cases_.size());
    const internal::SelectCall call{pointers.data(), numbers.data(), locks.data(), cases_.size(), default_case_};
    return internal::FinishSelect(internal::RunSelect(ctx, call, order), pointers.data());
  }

  std::vector<std::unique_ptr<internal::SelectCase>> cases_;
  std::size_t default_case_ = internal::kNoDefault;
};

inline Result<std::size_t> Select(const Context& ctx, SelectCases& cases) { return cases.Run(ctx, internal::SelectOrder::kFair); }
inline Result<std::size_t> SelectInOrder(const Context& ctx, SelectCases& cases) { return cases.Run(ctx, internal::SelectOrder::kAsWritten); }

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SELECT_H_
