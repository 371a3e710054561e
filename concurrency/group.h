// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_GROUP_H_
#define WEFT_CONCURRENCY_GROUP_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/call_result.h>
#include <weft/concurrency/internal/base/small_lock.h>
#include <weft/concurrency/internal/structure/group_state.h>

namespace weft {

struct GroupOptions {
  int limit = 0;        // members that run at once at the most; 0: no limit
  bool spread = false;  // give the fibers to all loops in turn, not only to the builder's
};

// Runs functions at the same time and joins them (Go's errgroup). The first error cancels the
// group's context, and is what Wait returns; an exception that leaves a function counts as one. A
// group that goes out of scope cancels and waits, so nothing of it can be left running: declare
// what the members touch before it.
//
// A group belongs to the place where it is built, whoever calls Go. Built in a fiber, its members
// are fibers of that loop (or of all loops, see GroupOptions); built on a plain thread, they are
// threads. It may be used from any fiber or thread, but is built, waited for and destroyed by one.
//
//   weft::Group group(ctx);
//   group.Go("user", [&](const weft::Context& ctx) { return Fetch(ctx, "/user", user); });
//   group.Go("orders", [&](const weft::Context& ctx) { return Fetch(ctx, "/orders", orders); });
//   if (weft::Error err = group.Wait()) return err;
class Group {
 public:
  explicit Group(const Context& parent, GroupOptions options = {}) : state_(parent, options.limit, options.spread) {}
  ~Group() = default;  // cancels and waits
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // The context of the members: done when the group is canceled, when a member failed, and once
  // Wait has returned.
  const Context& Ctx() const WEFT_LIFETIMEBOUND { return state_.ctx(); }

  // Starts f: Error(const Context&) or void(const Context&), with the group's context, which is
  // also its CurrentContext(). When the group is full it waits for a place. False: f was refused
  // and destroyed, because the group is canceled or nothing could be started; that shows in Wait
  // too. Where members are threads, only an end of the group's own refuses, by an error, Cancel or
  // Wait: under a context whose parent is done f is started and finds it done, so that what several
  // members of a main agree on (one ends the other) holds also when a signal comes between their
  // starts. Members may call it. `where` is what lists and reports show as the place of the start;
  // a function that starts members for others takes one of its own and hands it on.
  template <class F>
  bool Go(F f, std::source_location where = std::source_location::current()) {
    return Go("member", std::move(f), where);
  }
  template <class F>
  bool Go(std::string_view name, F f, std::source_location where = std::source_location::current()) {
    return state_.Start(name, Own(std::move(f), where), internal::Start::kWait);
  }
  // The same, but never waits: false also when the group is full, which does not show in Wait.
  template <class F>
  bool TryGo(F f, std::source_location where = std::source_location::current()) {
    return TryGo("member", std::move(f), where);
  }
  template <class F>
  bool TryGo(std::string_view name, F f, std::source_location where = std::source_location::current()) {
    return state_.Start(name, Own(std::move(f), where), internal::Start::kTry);
  }

  // Holds for later starts; 0 lifts the limit.
  void SetLimit(int limit) { state_.SetLimit(limit); }
  // Cancels the group's context. An empty cause means kCanceled.
  void Cancel(Error cause = {}) { state_.Cancel(std::move(cause)); }

  // Waits until all members have ended, also when the context is done (cancellation ends waiting,
  // never joining), and returns the first error. A member that returns the cancellation or deadline
  // of the parent has been cut short, and that is an error: a result may be missing. A member has
  // not failed if it only repeats the group's own cancellation, after an error of another one or
  // after Cancel. After a refusal without any other error it is the cause of the refusal. Where
  // being told to stop is no failure, as in main: IgnoreCanceled(group.Wait()).
  Error Wait() { return state_.Wait(); }

  // After Wait: all errors in the order in which they came, without those that only repeat a
  // cancellation.
  const std::vector<Error>& Errors() const { return state_.Errors(); }

 private:
  template <class F>
  std::unique_ptr<internal::Member> Own(F f, std::source_location where) {
    return std::make_unique<internal::MemberOf<F>>(state_, std::move(f), where);
  }

  internal::GroupState state_;
};

// What As<AllFailed>() of an error of First gives: the errors of all functions, in the order of the
// functions.
struct [[gnu::visibility("default")]] AllFailed {
  std::vector<Error> errors;
};

namespace internal {

// One error that names all; it has the code of `ended`, the context's error, if that is not empty.
Error MakeAllFailed(std::vector<Error> errors, const Error& ended);
Error NothingToTry();
// The cause of the losers' contexts.
Error AnotherWasFirst();

}  // namespace internal

// Runs all functions at once, in a Group of the caller, and returns what the first successful one
// gave: for asking several replicas, or a fallback beside the slow way. The others are canceled and
// joined, so it returns when the last of them has ended.
//
// When all have failed (an exception counts as failing) the error names all of them and gives them
// by As<AllFailed>(); it Is each of them, and As<T>() finds what the first of them that has a T
// carries (Go's joined errors). If the context ended before anybody succeeded, that error also Is
// the context's. No functions at all is an error; under a done context none is called. Parks; also
// on a plain thread, where each function gets a thread.
//
//   weft::Result<Price> price = weft::First<Price>(ctx, {
//       [&](const weft::Context& ctx) { return Ask(ctx, "a.internal"); },
//       [&](const weft::Context& ctx) { return Ask(ctx, "b.internal"); },
//   });
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

#endif  // WEFT_CONCURRENCY_GROUP_H_
