// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_ONCE_H_
#define WEFT_CONCURRENCY_ONCE_H_

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/lifetimebound.h>
#include <weft/concurrency/internal/base/unique_function.h>
#include <weft/concurrency/internal/sync/once_gate.h>

// Four tools for what must happen only once, no matter how many ask for it: Once runs a function,
// OnceFunc is one, OnceValue makes a value, and OnceResult makes a value by something that may fail
// and wait. Any fiber or thread, of any loop, may use them. A fiber that waits for another caller's
// function is parked; a thread sleeps.

namespace weft {

// Runs a function once, on behalf of the first caller (Go's sync.Once). Unlike with std::call_once
// the function may park.
//
//   void Lookup(weft::Once& once, Table& table) {
//     once.Do([&] { table.Build(); });      // the table is built, by this caller or another one
//     table.Use();
//   }
//
// What the function did happens before what follows any Do that returned without an error. Once the
// function has run, Do costs one load.
//
// An exception counts as having run: it is passed to the caller that ran the function, and later
// calls do nothing. A function that calls Do on its own Once would wait for itself, and aborts. If
// it does so in another fiber and waits for that, it is a deadlock.
class Once {
 public:
  Once() = default;
  ~Once() = default;  // no Do may be in progress
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  // f: void(). Returns when the function, of this caller or another one, has ended. It has no
  // context, so the wait cannot be canceled.
  template <class F>
  void Do(F&& f);

  // f: void() or void(const Context&). Waits for another caller's function only while the context
  // is live, and otherwise returns the context's error; the function continues for the others.
  // Under a context that is already done it fails even if the function has run, and does not start
  // f. Once f was started it counts as run, whatever happens to the context.
  template <class F>
  Error Do(const Context& ctx, F&& f);

  // Whether the function has ended.
  bool IsDone() const { return gate_.Done(); }

 private:
  internal::OnceGate gate_{"Once::Do"};
};

// A value that is made for the first caller that asks for it (Go's sync.OnceValue). For several
// values take a struct.
//
//   weft::OnceValue<Table> squares([] { return MakeSquares(); });
//
//   int Square(int n) { return squares->at(n); }
//
// An exception of the function is kept, and thrown again to every caller. The function is destroyed
// after its only call. The value is shared by all callers, and therefore const.
template <class T>
class OnceValue {
  static_assert(!std::is_reference_v<T> && !std::is_void_v<T>,
                "keep a value, or a pointer; for none there is OnceFunc");

 public:
  template <class F>
    requires std::is_invocable_r_v<T, F&>
  explicit OnceValue(F make) : make_(std::move(make)) {}
  ~OnceValue() = default;  // no Get may be in progress

  // The value, valid as long as the OnceValue. Parks while the function runs for another caller;
  // once there is a value it never suspends.
  const T& Get() WEFT_LIFETIMEBOUND {
    if (!gate_.Done()) Make();
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    return *value_;
  }
  const T& operator*() { return Get(); }
  const T* operator->() { return &Get(); }

 private:
  void Make();
  // Makes the T in its place, so that it need not be movable.
  struct Call {
    internal::UniqueFunction<T()>& make;
    operator T() const { return make(); }  // NOLINT: conversion is the purpose
  };

  internal::OnceGate gate_{"OnceValue::Get"};
  internal::UniqueFunction<T()> make_;
  std::optional<T> value_;
  std::exception_ptr failure_;
};

// A function that runs once, however often it is called (Go's sync.OnceFunc). Each call returns
// when that run has ended. An exception of it is kept, and thrown again by every call. The function
// is destroyed after its run.
//
//   void CloseTwice(Log& log) {
//     weft::OnceFunc close([&] { log.Close(); });
//     close();
//     close();                              // does nothing more
//   }
class OnceFunc {
 public:
  template <class F>
    requires std::is_invocable_v<F&>
  explicit OnceFunc(F f)
      : done_([g = std::move(f)]() mutable {
          g();
          return true;
        }) {}

  void operator()() { done_.Get(); }

 private:
  OnceValue<bool> done_;
};

// A value that is made for the first caller that asks for it, by a function that may fail and may
// wait: Result<T>(const Context&).
//
//   weft::OnceResult<Config> config([](const weft::Context& c) { return LoadConfig(c); });
//
//   weft::Error Apply(const weft::Context& ctx) {
//     weft::Result<const Config*> loaded = config.Get(ctx);
//     if (weft::Error err = loaded.Err()) return err;
//     Use(**loaded);
//     return {};
//   }
//
// The function runs under the context of the caller that came first. Its outcome is kept for all
// callers: the value, the Error, or the exception, which is thrown again to each of them. The one
// exception to this is an Error returned while that caller's context is done, which says nothing
// about the others. Only that caller gets it, and the next one, whether it already waits or comes
// later, runs the function again under its own context. The function is destroyed once the outcome
// is settled.
template <class T>
class OnceResult {
 public:
  template <class F>
    requires std::is_invocable_r_v<Result<T>, F&, const Context&>
  explicit OnceResult(F make) : make_(std::move(make)) {}
  ~OnceResult() = default;  // no Get may be in progress

  // A pointer to the value, never null, valid as long as the OnceResult. Parks while the function
  // runs for another caller. Returns the context's error if that is done first, or already.
  Result<const T*> Get(const Context& ctx);

 private:
  // Returns an Error if the outcome is not settled.
  Error Make(const Context& ctx);

  internal::OnceGate gate_{"OnceResult::Get"};
  internal::UniqueFunction<Result<T>(const Context&)> make_;
  std::optional<Result<T>> outcome_;
  std::exception_ptr failure_;
};

}  // namespace weft

#include <weft/concurrency/internal/sync/once_members.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_ONCE_H_
