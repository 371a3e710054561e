// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_CONTEXT_H_
#define WEFT_CONCURRENCY_CONTEXT_H_

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include <weft/concurrency/error.h>
#include <weft/concurrency/clock.h>

// Contexts tell running code when to stop: each request or task has one, and every blocking call of
// weft takes it as its first argument. This is Go's package context.

namespace weft {

namespace internal {
class ContextNode;
struct CancelFinisher;
struct AfterFuncState;
}  // namespace internal

template <class T>
class Key;

// Carries a deadline, a cancellation and the values of one request or task to all code that works
// for it (Go's context.Context). Contexts form a tree: the functions below derive a child from a
// parent, and a child is done when its parent is.
//
// A Context is a small handle that shares its state. Pass it as the first argument, by `const
// Context&`, and do not store it in an object that outlives the call. A default-constructed one is
// the same as Background(). All members may be called from any thread.
//
// A context is done once it or one of its ancestors was canceled, or once its earliest deadline has
// passed. Whichever came first decides the error and the cause, which never change again. A done
// context stays done, so every further blocking call under it returns at once.
//
//   weft::Error Report(const weft::Context& ctx) {
//     weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(2));
//     if (weft::Error err = weft::Sleep(scope.ctx, std::chrono::seconds(5))) {
//       return err.Wrap("report");                  // after 2 s; err.Is(weft::kDeadlineExceeded)
//     }
//     return {};
//   }
class Context {
 public:
  Context() noexcept = default;
  Context(const Context& other) noexcept;
  Context(Context&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Context& operator=(const Context& other) noexcept;
  Context& operator=(Context&& other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Context();

  // Empty while the context is live; afterwards kCanceled or kDeadlineExceeded, wrapping the cause.
  // If there is a deadline it reads the clock, so that code which never blocks notices it too.
  Error Err() const;

  // Why the context is done: what was given to the cancel function, or the cause of the deadline,
  // or else the same as Err(). If the end of its CancelScope canceled it, the cause says so ("the
  // CancelScope of this context is gone") and Is(kCanceled). Empty while Err() is. Go's
  // context.Cause.
  Error Cause() const;

  // The earliest deadline of this context and its ancestors, if there is one.
  std::optional<TimePoint> Deadline() const;

  // Parks until the context is done, and returns Err(). Under a context that can never be done it
  // never returns.
  Error Wait() const;

  // The value that WithValue stored under this key, here or in an ancestor; null if there is none.
  // It is valid as long as a context that carries it lives.
  template <class T>
  const T* Value(const Key<T>& key) const {
    return static_cast<const T*>(Lookup(&key));
  }

  // True if both are the same context. A derived context is a different one.
  friend bool operator==(const Context& a, const Context& b) noexcept { return a.node_ == b.node_; }

 private:
  friend class ContextAccess;
  explicit Context(internal::ContextNode* node) noexcept : node_(node) {}  // takes a reference over
  const void* Lookup(const void* key) const;

  internal::ContextNode* node_ = nullptr;  // null: Background
};

// Cancels a context when it is called or destroyed. The first call decides the cause, unless the
// deadline or an ancestor came first; later calls do nothing. When a call returns, all contexts
// derived from the canceled one are done too. Move-only; may be called from any thread.
class CancelFunc {
 public:
  CancelFunc() noexcept;  // cancels nothing
  CancelFunc(CancelFunc&& other) noexcept;
  CancelFunc& operator=(CancelFunc&& other) noexcept;
  ~CancelFunc();

  void operator()() const { Cancel({}); }
  // `cause` becomes the context's Cause(). An empty one means kCanceled.
  void operator()(Error cause) const { Cancel(std::move(cause)); }

 private:
  friend class ContextAccess;
  void Cancel(Error cause) const;
  void Finish() noexcept;

  internal::ContextNode* node_ = nullptr;
  std::unique_ptr<internal::CancelFinisher> finisher_;  // of NotifyContext and WithGrace
};

// A derived context and the function that cancels it. The end of the scope cancels it, too.
//
//   auto [ctx, cancel] = weft::WithCancel(parent);
struct [[nodiscard]] CancelScope {
  Context ctx;
  CancelFunc cancel;
};

// The root: never canceled, without a deadline and without values.
Context Background();

// A child that is done when it is canceled or its parent is done.
CancelScope WithCancel(const Context& parent);

// The same, with a deadline: the earlier of this one and the parent's. `cause` is what Cause()
// returns if this deadline ends the context (Go's WithDeadlineCause). If the deadline has already
// passed, the context is done from the start.
CancelScope WithDeadline(const Context& parent, TimePoint deadline, Error cause = {});
CancelScope WithTimeout(const Context& parent, Duration timeout, Error cause = {});

// A child that is done when its parent is done, when `other` is done, or when it is canceled.
// Whichever comes first decides the error and the cause. It has the parent's values, and the
// earlier of the two deadlines. When a cancel of either context returns, this one is done too.
//
//   weft::Error Stream(weft::Request& r, const weft::Chan<Event>& events) {
//     // ends when the client disconnects, or when the server drains
//     weft::CancelScope either = weft::WithEither(r.Ctx(), r.Draining());
//     return events.ForEach(either.ctx, Show);
//   }
//
// Together with WithoutCancel it takes the values from one context and the cancellation from
// another:
//
//   weft::CancelScope scope = weft::WithEither(weft::WithoutCancel(r.Ctx()), worker_ctx);
CancelScope WithEither(const Context& parent, const Context& other);

// The parent's values without its cancellation and deadline (Go's WithoutCancel). For cleanup that
// must run even when the parent is done; give it a timeout of its own:
//
//   weft::CancelScope cleanup =
//       weft::WithTimeout(weft::WithoutCancel(ctx), std::chrono::seconds(5));
Context WithoutCancel(const Context& parent);

// A context for finishing what has been started: it is done `grace` after the parent is done, with
// `cause`, or when it is canceled. It has the parent's values and no deadline. A worker takes new
// jobs under the parent, and finishes them under this one:
//
//   weft::Error Worker(const weft::Context& ctx, const weft::Chan<Job>& jobs) {
//     weft::CancelScope finish = weft::WithGrace(ctx, std::chrono::seconds(20));
//     for (;;) {
//       weft::Result<Job> job = jobs.Receive(ctx);                 // no more once ctx is done
//       if (!job.Ok()) return job.Err();
//       if (weft::Error err = Work(finish.ctx, *job)) return err;  // then has 20 s left
//     }
//   }
//
// On a loop it costs nothing until the parent is done; from then on a fiber of this loop sleeps for
// it. On a plain thread, a thread waits. The end of the scope, and of the cancel function, joins
// that fiber or thread, and may therefore park. `where` is what fiber lists show as the place of
// the start.
CancelScope WithGrace(const Context& parent, Duration grace, Error cause = kServerClosing,
                      std::source_location where = std::source_location::current());

// A context that is canceled when one of the signals arrives (Go's signal.NotifyContext). The cause
// names the signal ("signal: interrupt"); Err() is kCanceled. Call it in main, and run the program
// under it:
//
//   auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
//   weft::Error err = weft::Run(ctx, Serve);
//
// After the first signal, a SIGINT or SIGQUIT has its default effect at once, so a second Ctrl-C
// kills the process. All other signals are ignored for 500 ms, because supervisors send SIGTERM
// twice in a row, and then have their default effect too. The signal handler itself does this, so
// it works even when all loops hang.
//
// It uses no file descriptor, and works even if every thread of the process blocks the signals. If
// its own thread cannot be started, the context is done and its cause says so. The cancel function
// ends the watch and restores the previous signal actions. A signal belongs to one NotifyContext or
// Signals (signals.h) at a time; a second one aborts.
CancelScope NotifyContext(const Context& parent, std::initializer_list<int> signals);

// The name of a value that a context carries. Keys are compared by their addresses, so define each
// one once, at namespace scope:
//
//   inline constexpr weft::Key<User> kUser{"user"};
template <class T>
class Key {
 public:
  constexpr explicit Key(const char* name) : name_(name) {}
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  const char* Name() const { return name_; }

 private:
  const char* name_;
};

// The parent with one more value. Use it for data of the request that has to pass through code that
// does not know about it, not for ordinary parameters.
//
//   const weft::Context ctx = weft::WithValue(parent, kUser, User{"anna"});
//   const User* user = ctx.Value(kUser);           // in code that was only given the context
//
// The value is destroyed when nothing refers to the context any more, wherever that is. It may be a
// loop's own stack, so the destructor of T must not wait.
template <class T>
Context WithValue(const Context& parent, const Key<T>& key, std::type_identity_t<T> value);

// Owns the function of an AfterFunc. Its destructor keeps the function from running if it has not
// started, and otherwise waits until it has returned. There is one exception: a function that
// destroys its own StopFunc is not waited for, except by its scheduler. On a plain thread, where
// there is no scheduler, that aborts. Move-only.
class [[nodiscard]] StopFunc {
 public:
  StopFunc() noexcept = default;
  StopFunc(StopFunc&& other) noexcept = default;
  StopFunc& operator=(StopFunc&& other) noexcept;
  ~StopFunc();

  // True if this call keeps the function from running. It does not wait. A second call returns
  // false.
  bool operator()();

 private:
  friend StopFunc AfterFunc(const Context&, std::function<void()>, std::source_location);
  void StopAndWait() noexcept;
  std::shared_ptr<internal::AfterFuncState> state_;
};

// Runs `f` once, when the context is done; at once if it already is. It runs in a fiber of the
// caller's loop, or in a thread of its own if the caller is a plain thread. The returned StopFunc
// owns it. In `f`, CurrentContext() has the values of `ctx` but is not done. It is for calls that
// know nothing of contexts and can only be interrupted from outside:
//
//   weft::Error Query(const weft::Context& ctx, ForeignConnection& connection) {
//     weft::StopFunc stop = weft::AfterFunc(ctx, [&] { connection.Shutdown(); });
//     return connection.Query();                    // returns early after Shutdown
//   }
StopFunc AfterFunc(const Context& ctx, std::function<void()> f,
                   std::source_location where = std::source_location::current());

// The context that the running code carries: that of its group member, request, Offload, AfterFunc
// or Run. On a plain thread outside of all these it is Background(). Passing contexts as arguments
// is the rule; this is for code that cannot, such as a logger or a callback of a foreign library.
Context CurrentContext();

}  // namespace weft

#include <weft/concurrency/internal/context/with_value.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_CONTEXT_H_
