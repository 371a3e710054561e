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

namespace weft {

namespace internal {
class ContextNode;
struct CancelFinisher;
struct AfterFuncState;
}  // namespace internal

// Names a value that a context carries. It is told from other keys by its address, so define it
// once:
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

// Carries a deadline, a cancellation and values of one request or task to everything that works for
// it (Go's context.Context). It is a cheap shared handle: pass it as `const Context&`, first; do
// not keep it in an object that outlives the call. A default-constructed one is Background(). All
// members may be called from any thread.
//
// Cancellation is a level, not a pulse: once a context is done it stays done, and every blocking
// call under it returns at once. A context is done when it or one of its ancestors was canceled, or
// when its earliest deadline has passed; what came first is kept for ever.
//
//   weft::CancelScope scope = weft::WithTimeout(ctx, std::chrono::seconds(2));
//   if (weft::Error err = weft::Sleep(scope.ctx, std::chrono::seconds(5))) {
//     // after 2 s; err.Is(weft::kDeadlineExceeded)
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

  // Empty while the context is live; then kCanceled or kDeadlineExceeded, wrapping the cause. Reads
  // the clock if the context has a deadline, so a deadline is seen also by code that never blocks.
  Error Err() const;

  // Why it is done: what was given to the cancel function, or the deadline's cause, or else the
  // same as Err(). A context that ended because its CancelScope did says that ("the CancelScope of
  // this context is gone"; it Is(kCanceled)). Empty while Err() is (Go's context.Cause).
  Error Cause() const;

  // The earliest deadline of this context and its ancestors.
  std::optional<TimePoint> Deadline() const;

  // Parks until the context is done and returns Err(). Under a context that can never be done it
  // waits for ever.
  Error Wait() const;

  // The value that WithValue stored under this key, here or in an ancestor; null if there is none.
  // Valid as long as a context that carries it lives.
  template <class T>
  const T* Value(const Key<T>& key) const {
    return static_cast<const T*>(Lookup(&key));
  }

  // The same context, and not one that is derived from it.
  friend bool operator==(const Context& a, const Context& b) noexcept { return a.node_ == b.node_; }

 private:
  friend class ContextAccess;
  explicit Context(internal::ContextNode* node) noexcept : node_(node) {}  // takes a reference over
  const void* Lookup(const void* key) const;

  internal::ContextNode* node_ = nullptr;  // null: Background
};

// Cancels a context. The first call (or the deadline, or an ancestor) decides the cause, later ones
// do nothing. Cancels when it is destroyed. When a call returns, all contexts derived from this one
// are done.
class CancelFunc {
 public:
  CancelFunc() noexcept;  // cancels nothing
  CancelFunc(CancelFunc&& other) noexcept;
  CancelFunc& operator=(CancelFunc&& other) noexcept;
  ~CancelFunc();

  void operator()() const { Cancel({}); }
  // The cause is what Cause() returns; an empty one means kCanceled.
  void operator()(Error cause) const { Cancel(std::move(cause)); }

 private:
  friend class ContextAccess;
  void Cancel(Error cause) const;
  void Finish() noexcept;

  internal::ContextNode* node_ = nullptr;
  std::unique_ptr<internal::CancelFinisher> finisher_;  // of NotifyContext and WithGrace
};

// A derived context and the function that cancels it, which also happens at the end of the scope:
//   auto [ctx, cancel] = weft::WithCancel(parent);
struct [[nodiscard]] CancelScope {
  Context ctx;
  CancelFunc cancel;
};

// Never canceled, no deadline, no values.
Context Background();

// Done when it is canceled or its parent is done.
CancelScope WithCancel(const Context& parent);

// The same with a deadline: the earlier of this one and the parent's. `cause` is what Cause() says
// if it is this deadline that ends the context. A deadline in the past gives a context that is
// done.
CancelScope WithDeadline(const Context& parent, TimePoint deadline, Error cause = {});
CancelScope WithTimeout(const Context& parent, Duration timeout, Error cause = {});

// Done when its parent is done, when `other` is, or when it is canceled: what ends first decides
// the error and the cause. It has the parent's values, and the earlier of the two deadlines. As
// everywhere, when a cancel of either returns, this one is done.
//
//   weft::CancelScope either = weft::WithEither(r.Ctx(), r.Draining());   // the client has left, or the server drains
//   while (weft::Result<Event> event = events.Receive(either.ctx); event.Ok()) ...
//
// With WithoutCancel it takes the values from one context and the end from another one:
//   weft::CancelScope scope = weft::WithEither(weft::WithoutCancel(r.Ctx()), mails.Ctx());
CancelScope WithEither(const Context& parent, const Context& other);

// The parent's values, but neither its cancellation nor its deadline: for cleanup that must run
// (give it a timeout of its own).
Context WithoutCancel(const Context& parent);

namespace internal {
using ValueDeleter = void (*)(void*);
Context MakeValueContext(const Context& parent, const void* key, void* value, ValueDeleter deleter);
}  // namespace internal

// The parent with one value more. Use it for data of the request that passes through code which
// does not know it, not for parameters. The value is destroyed when nothing refers to the context
// any more, wherever that happens, which may be a loop's own stack: its destructor must not wait.
template <class T>
Context WithValue(const Context& parent, const Key<T>& key, std::type_identity_t<T> value) {
  return internal::MakeValueContext(parent, &key, new T(std::move(value)),
                                    [](void* p) { delete static_cast<T*>(p); });
}

// Owns a function that waits for its context (see AfterFunc). Calling it takes the function back,
// if it does not run yet. The end of the StopFunc does the same, or waits until the function has
// ended. Only when the function ends its own StopFunc nobody waits; its scheduler still does. On a
// plain thread, where there is none, that aborts.
class [[nodiscard]] StopFunc {
 public:
  StopFunc() noexcept = default;
  StopFunc(StopFunc&& other) noexcept = default;
  StopFunc& operator=(StopFunc&& other) noexcept;
  ~StopFunc();

  // True if the function will not run because of this call. It does not wait. A second call is
  // false.
  bool operator()();

 private:
  friend StopFunc AfterFunc(const Context&, std::function<void()>, std::source_location);
  void StopAndWait() noexcept;
  std::shared_ptr<internal::AfterFuncState> state_;
};

// Runs `f` once when the context is done, at once if it already is: in a fiber of the caller's
// loop, or in a thread if the caller is a plain thread. The returned StopFunc owns it.
// CurrentContext() in `f` has the values of `ctx`, but is not done.
StopFunc AfterFunc(const Context& ctx, std::function<void()> f, std::source_location where = std::source_location::current());

// A context that is canceled when one of the signals arrives, with the signal as cause ("signal:
// interrupt"); Err() is kCanceled. It needs no descriptor, and no thread of the process that has
// them unblocked. If its own thread cannot be started the context is done, and its cause says so.
//
// After the first signal a SIGINT or SIGQUIT has its default effect at once: a second Ctrl-C kills.
// The others change nothing for 500 ms, because supervisors send SIGTERM twice in a row, and have
// their default effect after that. It is the signal handler that decides, so a process is killed
// also when all its loops hang. The cancel function ends the watch and restores what was set
// before. One signal belongs to one NotifyContext or Signals at a time: a second one aborts by
// name.
CancelScope NotifyContext(const Context& parent, std::initializer_list<int> signals);

// A context for finishing what is under way: it has the parent's values, and is done `grace` after
// the parent is done, with `cause`, or when it is canceled. So one who works takes nothing new when
// the parent is done, and ends what he has taken under this one. It has no deadline. On a loop
// nothing runs for it before the parent is done, then a fiber of this loop that sleeps; on a plain
// thread a thread waits. The end of the scope, and of the cancel function, waits for that fiber or
// thread, and so may park.
//
//   weft::CancelScope finish = weft::WithGrace(ctx, std::chrono::seconds(20));
//   for (;;) {
//     weft::Result<Job> job = jobs.Receive(ctx);              // no more once ctx is done
//     if (!job.Ok()) return job.Err();
//     if (weft::Error err = Work(finish.ctx, *job)) return err;  // has 20 s from then on
//   }
CancelScope WithGrace(const Context& parent, Duration grace, Error cause = kServerClosing,
                      std::source_location where = std::source_location::current());

// The context that the running code carries: that of its group member, request, Offload, AfterFunc
// or Run. On a plain thread that is none of these Background(). Passing a context is the rule; this
// is for code that cannot (logging, callbacks of foreign libraries).
Context CurrentContext();

}  // namespace weft

#endif  // WEFT_CONCURRENCY_CONTEXT_H_
