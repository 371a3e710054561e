// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_SELECT_H_
#define WEFT_CONCURRENCY_SELECT_H_

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/channel/select_call.h>

// Waits for the first of several things to happen (Go's select).
//
//   weft::Error Serve(weft::Request& r, weft::Chan<Job> jobs, weft::Chan<int> counts) {
//     weft::Result<std::size_t> which = weft::Select(r.Ctx(),
//         weft::OnReceive(jobs, [](weft::Result<Job> job) { return Work(job); }),
//         weft::OnSend(counts, 1, [] { Count(); }),
//         weft::OnAfter(std::chrono::seconds(30), [] { return weft::kTimeout; }),
//         weft::OnDone(r.Draining(), [] { Stop(); }));
//     return which.Err();
//   }
//
// Exactly one case happens: its send or receive is done, and then its function runs, without any
// lock, so that it may wait. The function returns void or Error. Select returns the index of the
// case, or the Error of its function. If an OnSend meets a closed channel, Select returns kClosed.
//
// Select itself watches `ctx`: if that is done, it returns the context's error, even if a case is
// ready. A case for the caller's own context is not needed.
//
// All cases are tried in one step: nothing happens on their channels between the check of one and
// the check of the next. If several are ready, Select chooses one at random, with equal
// probability; SelectInOrder takes the first one as written, which gives it priority. With
// OnDefault, neither waits. A case on a nil channel is never ready. If no case can become ready, it
// waits for the context. The same channel may occur in several cases, but one call never sends to
// itself.
//
// Parks while it waits; a plain thread blocks. From any fiber or thread, of any loop. The memory
// order is that of the channels (docs/memory_model.md).

namespace weft {

// A value has arrived, or the channel is closed and its buffer empty. f(Result<T>) gets the value,
// or kClosed.
template <class T, class F>
auto OnReceive(const Chan<T>& chan, F f) {
  return internal::ReceiveCase<T, F>(chan, std::move(f));
}

// The value was sent. f() is optional.
//
// A value that is moved in stays where it is until the case happens, so it must live as long as the
// Select, and it still has its value if another case happens. SelectCases::Add takes it over. A
// value that is copied, or is trivial to copy, is copied at once.
template <class T, class V, class F = internal::DoNothing>
  requires std::is_same_v<std::remove_cvref_t<V>, T> || std::is_constructible_v<T, V>
auto OnSend(const Chan<T>& chan, V&& value, F f = {}) {
  if constexpr (std::is_same_v<V, T> && !std::is_trivially_copyable_v<T>) {
    return internal::SendCase<T, F>(chan, &value, std::move(f));
  } else {
    return internal::SendCase<T, F>(chan, T(std::forward<V>(value)), std::move(f));
  }
}

// This much time has passed since the Select began. Zero or less is ready at once. f() is optional.
template <class F = internal::DoNothing>
auto OnAfter(Duration duration, F f = {}) {
  return internal::AfterCase<F>(duration, std::move(f));
}

// Another context is done. f() is optional.
template <class F = internal::DoNothing>
auto OnDone(const Context& ctx, F f = {}) {
  return internal::DoneCase<F>(ctx, std::move(f));
}

// No other case is ready. A Select has at most one of these. f() is optional.
template <class F = internal::DoNothing>
auto OnDefault(F f = {}) {
  return internal::DefaultCase<F>(std::move(f));
}

// Further cases: OnTimer and OnTick (timer.h), OnChange (watch.h), OnSignal (signals.h).

template <class... Cases>
  requires(internal::kIsCase<Cases> && ...)
Result<std::size_t> Select(const Context& ctx, Cases&&... cases) {
  return internal::SelectOf(ctx, internal::SelectOrder::kFair, cases...);
}

// The same with priorities: if several cases are ready, the first one as written happens.
template <class... Cases>
  requires(internal::kIsCase<Cases> && ...)
Result<std::size_t> SelectInOrder(const Context& ctx, Cases&&... cases) {
  return internal::SelectOf(ctx, internal::SelectOrder::kAsWritten, cases...);
}

// A list of cases, for when their number is known only at run time.
//
//   weft::Error NextTick(const weft::Context& ctx, const std::vector<weft::Chan<Tick>>& feeds) {
//     weft::SelectCases cases;
//     for (const auto& feed : feeds) {
//       cases.Add(weft::OnReceive(feed, [](weft::Result<Tick> tick) { Show(tick); }));
//     }
//     return weft::Select(ctx, cases).Err();
//   }
//
// The list owns what is moved into its cases, whether that is sent or not. It may be used for
// several Selects in a row: an OnAfter then starts again each time, and a value that was sent is
// gone. Only one fiber may use it at a time.
class SelectCases {
 public:
  // Returns the index of the case.
  template <class Case>
    requires std::is_base_of_v<internal::SelectCase, Case>
  std::size_t Add(Case one) {
    if constexpr (internal::kIsDefault<Case>) {
      if (default_case_ != internal::kNoDefault) {
        internal::AbortMisuse("SelectCases::Add", "a Select has at most one OnDefault");
      }
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
    const internal::SelectCall call{pointers.data(), numbers.data(), locks.data(), cases_.size(),
                                    default_case_};
    return internal::FinishSelect(internal::RunSelect(ctx, call, order), pointers.data());
  }

  std::vector<std::unique_ptr<internal::SelectCase>> cases_;
  std::size_t default_case_ = internal::kNoDefault;
};

// Select and SelectInOrder over a list.
inline Result<std::size_t> Select(const Context& ctx, SelectCases& cases) {
  return cases.Run(ctx, internal::SelectOrder::kFair);
}
inline Result<std::size_t> SelectInOrder(const Context& ctx, SelectCases& cases) {
  return cases.Run(ctx, internal::SelectOrder::kAsWritten);
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_SELECT_H_
