// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_ONCE_H_
#define WEFT_CONCURRENCY_ONCE_H_

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/lifetimebound.h>
#include <weft/concurrency/internal/base/unique_function.h>
#include <weft/concurrency/internal/sync/once_gate.h>

namespace weft {

// Does something once, whoever comes first (Go's sync.Once). Unlike std::call_once the function may
// park, and those who wait for it park their fibers, of any loop; threads sleep.
//
//   weft::Once once;
//   once.Do([&] { table.Build(); });   // when it returns, the table is built, by this caller or another one
//
// What the function did happens before what follows any return of Do without an error. Once it is
// done, Do is one load. An exception counts as done: it goes to the caller that ran the function,
// and later calls do nothing. A function that calls Do on its own Once would wait for itself: that
// aborts by name (if it does so in another fiber and waits for that, it is a deadlock).
class Once {
 public:
  Once() = default;
  ~Once() = default;  // nobody may be in Do any more
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  // f: void(). Without a context: it returns when the function, of this caller or another one, has
  // ended.
  template <class F>
  void Do(F&& f) {
    static_assert(std::is_void_v<std::invoke_result_t<F>>, "only one caller would see what f returns: use OnceValue or OnceResult");
    if (gate_.Done() || gate_.Enter(Background()) == internal::OnceGate::Turn::kDone) return;
    const internal::OnceLeave leave{gate_};
    std::invoke(std::forward<F>(f));
  }

  // f: void() or void(const Context&). Waits for another caller's function only as long as the
  // context is live, and returns its error otherwise; the function goes on for the others. Under a
  // done context it fails also when it is done, and does not start f. A function that was started
  // here counts as done whatever happens to the context.
  template <class F>
  Error Do(const Context& ctx, F&& f) {
    if (Error err = ctx.Err()) return err;
    if (gate_.Done()) return {};
    const internal::OnceGate::Turn turn = gate_.Enter(ctx);
    if (turn == internal::OnceGate::Turn::kDone) return {};
    if (turn == internal::OnceGate::Turn::kContextDone) return ctx.Err();
    const internal::OnceLeave leave{gate_};
    if constexpr (std::is_invocable_v<F, const Context&>) {
      static_assert(std::is_void_v<std::invoke_result_t<F, const Context&>>, "only one caller would see what f returns: use OnceResult");
      std::invoke(std::forward<F>(f), ctx);
    } else {
      static_assert(std::is_void_v<std::invoke_result_t<F>>, "only one caller would see what f returns: use OnceResult");
      std::invoke(std::forward<F>(f));
    }
    return {};
  }

  bool IsDone() const { return gate_.Done(); }

 private:
  internal::OnceGate gate_{"Once::Do"};
};

// A value that is made by the first one who asks for it (Go's OnceValue; for several values take a
// struct or a std::tuple).
//
//   weft::OnceValue<Table> table([] { return Table::Build(); });
//   Use(table.Get());
//
// Get parks while another caller makes the value. An exception of the function is kept, and thrown
// again to every caller. The function is destroyed after its only call. Any fiber or thread may
// call Get; the value is shared and therefore const.
template <class T>
class OnceValue {
  static_assert(!std::is_reference_v<T> && !std::is_void_v<T>, "keep a value, or a pointer; for none there is OnceFunc");

 public:
  template <class F>
    requires std::is_invocable_r_v<T, F&>
  explicit OnceValue(F make) : make_(std::move(make)) {}
  ~OnceValue() = default;  // nobody may be in Get any more

  // Valid as long as the OnceValue. After the first call it never suspends.
  const T& Get() WEFT_LIFETIMEBOUND {
    if (!gate_.Done()) Make();
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    return *value_;
  }
  const T& operator*() { return Get(); }
  const T* operator->() { return &Get(); }

 private:
  void Make() {
    if (gate_.Enter(Background()) != internal::OnceGate::Turn::kYours) return;
    const internal::OnceLeave leave{gate_};
    try {
      value_.emplace(Call{make_});
    } catch (...) {
      failure_ = std::current_exception();
    }
    make_.Reset();
  }
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

// A function that runs once, however often it is called (Go's OnceFunc). Calls wait until that run
// has ended. An exception of it is kept, and thrown again by every call. The function is destroyed
// after its run.
//
//   weft::OnceFunc close([&] { log.Close(); });
//   close();
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

// The same for what may fail, and may wait: the function is Result<T>(const Context&).
//
//   weft::OnceResult<Config> config([](const weft::Context& ctx) { return LoadConfig(ctx); });
//   weft::Result<const Config*> loaded = config.Get(ctx);
//   if (weft::Error err = loaded.Err()) return err;
//   Use(**loaded);
//
// The function runs under the context of the caller that came first. Its value is kept, and so is
// its Error and its exception, which is thrown again to every caller. One exception: an Error that
// comes when that context is done says nothing about the others. It goes to that caller only, and
// the next one, who waits already or comes later, runs the function again under its own context.
// The function is destroyed once the outcome is settled.
template <class T>
class OnceResult {
 public:
  template <class F>
    requires std::is_invocable_r_v<Result<T>, F&, const Context&>
  explicit OnceResult(F make) : make_(std::move(make)) {}
  ~OnceResult() = default;  // nobody may be in Get any more

  // The pointer is valid as long as the OnceResult, and never null. Returns the context's error if
  // that is done while another caller runs the function, or already.
  Result<const T*> Get(const Context& ctx) {
    if (Error err = ctx.Err()) return err;
    if (!gate_.Done()) {
      const internal::OnceGate::Turn turn = gate_.Enter(ctx);
      if (turn == internal::OnceGate::Turn::kContextDone) return ctx.Err();
      if (turn == internal::OnceGate::Turn::kYours) {
        if (Error err = Make(ctx)) return err;
      }
    }
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    if (Error err = outcome_->Err()) return err;
    return &**outcome_;
  }

 private:
  // An Error: it is not settled.
  Error Make(const Context& ctx) {
    internal::OnceLeave leave{gate_};
    try {
      outcome_.emplace(make_(ctx));
    } catch (...) {
      failure_ = std::current_exception();
    }
    if (outcome_ && !outcome_->Ok() && ctx.Err()) {
      Error err = outcome_->Err();
      outcome_.reset();
      leave.done = false;
      return err;
    }
    make_.Reset();
    return {};
  }

  internal::OnceGate gate_{"OnceResult::Get"};
  internal::UniqueFunction<Result<T>(const Context&)> make_;
  std::optional<Result<T>> outcome_;
  std::exception_ptr failure_;
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_ONCE_H_
