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
  // How many members may run at once; 0: no limit.
  int limit = 0;
  // Distribute the fibers over all loops in turn, instead of keeping them on the builder's loop.
  bool spread = false;
};

// Runs functions concurrently and joins them (Go's errgroup). The first error cancels the group's
// context, and is what Wait returns. An exception that leaves a function counts as an error.
//
// A group that goes out of scope cancels its members and waits for them, so it leaves nothing
// running. Declare what the members use before the group, so that it outlives them:
//
//   weft::Error Load(const weft::Context& ctx, Page& page) {
//     std::string user, orders;
//     weft::Group group(ctx);
//     group.Go("user", [&](const weft::Context& c) { return Fetch(c, "/user", user); });
//     group.Go("orders", [&](const weft::Context& c) { return Fetch(c, "/orders", orders); });
//     if (weft::Error err = group.Wait()) return err;
//     page = Page(user, orders);
//     return {};
//   }
//
// A group belongs to the place where it is built, no matter where Go is called. If that is a fiber,
// the members are fibers of its loop (or of all loops, see GroupOptions). If it is a plain thread,
// they are threads. Go, TryGo, SetLimit and Cancel may be called from any fiber or thread. One
// fiber or thread builds the group, waits for it and destroys it.
class Group {
 public:
  // Never suspends. The group's context is a child of `parent`.
  explicit Group(const Context& parent, GroupOptions options = {})
      : state_(parent, options.limit, options.spread) {}
  ~Group() = default;  // cancels and waits: may park
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // The members' context. It is done when the group is canceled, when a member has failed, and once
  // Wait has returned.
  const Context& Ctx() const WEFT_LIFETIMEBOUND { return state_.ctx(); }

  // Starts f, an Error(const Context&) or void(const Context&), under the group's context, which is
  // also its CurrentContext(). If the limit is reached, it waits until a member has ended. Members
  // may call it too.
  //
  // Returns false if f was refused and destroyed, because the group is canceled or because nothing
  // could be started. Wait reports that as well. Where members are threads, only the group's own
  // end refuses: an error, Cancel or Wait. If just the parent is done, f starts and finds its
  // context done. So members of a main function that rely on each other, such as one that stops
  // another, all run even if a signal arrives between their starts.
  //
  // `where` is what fiber lists and reports show as the place of the start. A function that starts
  // members on behalf of others should take one itself and pass it on.
  template <class F>
  bool Go(F f, std::source_location where = std::source_location::current()) {
    return Go("member", std::move(f), where);
  }
  template <class F>
  bool Go(std::string_view name, F f,
          std::source_location where = std::source_location::current()) {
    return state_.Start(name, Own(std::move(f), where), internal::Start::kWait);
  }
  // The same, but never waits: it also returns false if the limit is reached, which Wait does not
  // report.
  template <class F>
  bool TryGo(F f, std::source_location where = std::source_location::current()) {
    return TryGo("member", std::move(f), where);
  }
  template <class F>
  bool TryGo(std::string_view name, F f,
             std::source_location where = std::source_location::current()) {
    return state_.Start(name, Own(std::move(f), where), internal::Start::kTry);
  }

  // Changes the limit for later starts; 0 removes it.
  void SetLimit(int limit) { state_.SetLimit(limit); }
  // Cancels the group's context. An empty cause means kCanceled.
  void Cancel(Error cause = {}) { state_.Cancel(std::move(cause)); }

  // Waits until all members have ended, and returns the first error. It waits even if the context
  // is done: cancellation ends the waits of the members, never the join.
  //
  // What counts as an error:
  //   - the cancellation or deadline of the parent, if a member returns it: that member was cut
  //     short, so a result may be missing;
  //   - not the group's own cancellation, if a member merely repeats it after another member's
  //     error, or after Cancel;
  //   - the cause of a refusal, if there is no other error.
  //
  // Where being canceled is no failure, as in main, write IgnoreCanceled(group.Wait()).
  Error Wait() { return state_.Wait(); }

  // After Wait: all errors in the order in which they occurred, without those that only repeat a
  // cancellation.
  const std::vector<Error>& Errors() const { return state_.Errors(); }

 private:
  template <class F>
  std::unique_ptr<internal::Member> Own(F f, std::source_location where) {
    return std::make_unique<internal::MemberOf<F>>(state_, std::move(f), where);
  }

  internal::GroupState state_;
};

// The payload of First's error: As<AllFailed>() gives the errors of all functions, in the order of
// the functions.
struct [[gnu::visibility("default")]] AllFailed {
  std::vector<Error> errors;
};

// Runs all functions at once, in a Group of the caller, and returns the value of the first one that
// succeeds. For asking several replicas, or for trying a fallback next to a slow path. The others
// are canceled and joined, so it returns when the last of them has ended.
//
//   weft::Result<Price> Ask(const weft::Context& ctx) {
//     return weft::First<Price>(ctx, {
//         [](const weft::Context& c) { return AskHost(c, "a.internal"); },
//         [](const weft::Context& c) { return AskHost(c, "b.internal"); },
//     });
//   }
//
// If all fail (an exception counts as failing), the error's message names each failure, and
// As<AllFailed>() returns them. The error Is each of them, and As<T>() finds the payload of the
// first of them that has a T (Go's joined errors). If the context ended before any function
// succeeded, the error also Is the context's.
//
// An empty list is an error. Under a context that is already done, no function is called. Parks; on
// a plain thread it blocks, and each function gets a thread.
template <class T>
Result<T> First(const Context& ctx,
                std::vector<std::function<Result<T>(const Context&)>> functions);

}  // namespace weft

#include <weft/concurrency/internal/structure/first.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_GROUP_H_
