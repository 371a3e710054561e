// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_SYNC_ONCE_MEMBERS_H_
#define WEFT_CONCURRENCY_INTERNAL_SYNC_ONCE_MEMBERS_H_

#include <exception>
#include <functional>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/sync/once_gate.h>
#include <weft/concurrency/once.h>

namespace weft {

template <class F>
void Once::Do(F&& f) {
  static_assert(std::is_void_v<std::invoke_result_t<F>>, "only one caller would see what f returns: use OnceValue or OnceResult");
  if (gate_.Done() || gate_.Enter(Background()) == internal::OnceGate::Turn::kDone) return;
  const internal::OnceLeave leave{gate_};
  std::invoke(std::forward<F>(f));
}

template <class F>
Error Once::Do(const Context& ctx, F&& f) {
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

template <class T>
void OnceValue<T>::Make() {
  if (gate_.Enter(Background()) != internal::OnceGate::Turn::kYours) return;
  const internal::OnceLeave leave{gate_};
  try {
    value_.emplace(Call{make_});
  } catch (...) {
    failure_ = std::current_exception();
  }
  make_.Reset();
}

template <class T>
Result<const T*> OnceResult<T>::Get(const Context& ctx) {
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

template <class T>
Error OnceResult<T>::Make(const Context& ctx) {
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

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_SYNC_ONCE_MEMBERS_H_
