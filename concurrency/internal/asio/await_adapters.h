// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_ADAPTERS_H_
#define WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_ADAPTERS_H_

#include <type_traits>
#include <utility>

#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/redirect_error.hpp>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/asio/await_failures.h>
#include <weft/concurrency/internal/asio/await_op.h>
#include <weft/concurrency/internal/asio/await_result.h>

// Most of Asio's adapters leave the error of an operation among the values, where AwaitOpOf finds it. Two remove something
// that Await needs, and are reimplemented here: redirect_error its error code, bind_cancellation_slot its cancel. Both find the operation
// through the handler that they get, as Asio finds a handler's executor: every adapter of handlers passes such a query on.
namespace weft {

template <internal::AwaitForm kForm>
class AwaitToken;

namespace internal {

template <class Token>
inline constexpr bool kEndsInAwait = false;
template <AwaitForm kForm>
inline constexpr bool kEndsInAwait<AwaitToken<kForm>> = true;
// Adapters have the adapted token as their first parameter.
template <template <class...> class Adapter, class Token, class... More>
inline constexpr bool kEndsInAwait<Adapter<Token, More...>> = kEndsInAwait<Token>;

// Asio's form of such a query (an associator). Null: the handler does not lead to an Await.
template <class Handler, class Default = AwaitOp*>
struct AssociatedAwaitOp {
  using type = AwaitOp*;
  static type get(const Handler& handler, const Default& otherwise = nullptr) noexcept {  // NOLINT: Asio's name
    if constexpr (requires { handler.Op(); }) {
      return handler.Op();
    } else if constexpr (requires { boost::asio::associator<weft::internal::AssociatedAwaitOp, Handler, Default>::get(handler); }) {
      return boost::asio::associator<weft::internal::AssociatedAwaitOp, Handler, Default>::get(handler);
    } else {
      return otherwise;
    }
  }
};

// Stores the code without hiding it from the operation.
template <class Handler>
class AwaitRedirectHandler {
 public:
  AwaitRedirectHandler(boost::system::error_code& code, Handler handler) : code_(&code), handler_(std::move(handler)) {}

  template <class... Values>
  void operator()(const boost::system::error_code& code, Values&&... values) {
    *code_ = code;
    if (AwaitOp* op = AssociatedAwaitOp<Handler>::get(handler_)) op->TellFailures(FailuresIn(code));
    std::move(handler_)(std::forward<Values>(values)...);
  }

  const Handler& Inner() const noexcept { return handler_; }

 private:
  boost::system::error_code* code_;
  Handler handler_;
};

// Lets the user's slot cancel the operation, in addition to the context. What it puts into the slot is removed when the operation has ended.
template <class Handler, class Slot>
class AwaitSlotHandler {
 public:
  using cancellation_slot_type = boost::asio::cancellation_slot;

  AwaitSlotHandler(AwaitOp& op, Slot slot, Handler handler) : op_(&op), slot_(std::move(slot)), handler_(std::move(handler)) {
    if (slot_.is_connected()) slot_.template emplace<PassOn>(op_);
  }
  AwaitSlotHandler(AwaitSlotHandler&& other) noexcept(std::is_nothrow_move_constructible_v<Handler>)
      : op_(std::exchange(other.op_, nullptr)), slot_(other.slot_), handler_(std::move(other.handler_)) {}
  AwaitSlotHandler& operator=(AwaitSlotHandler&&) = delete;
  ~AwaitSlotHandler() { Leave(); }

  cancellation_slot_type get_cancellation_slot() const noexcept { return op_->SharedSlot(); }  // NOLINT: Asio's name

  template <class... Values>
  void operator()(Values&&... values) {
    Leave();
    std::move(handler_)(std::forward<Values>(values)...);
  }

  const Handler& Inner() const noexcept { return handler_; }

 private:
  struct PassOn {
    explicit PassOn(AwaitOp* o) noexcept : op(o) {}
    void operator()(boost::asio::cancellation_type_t type) const noexcept { op->Emit(type); }
    AwaitOp* op;
  };

  void Leave() noexcept {
    if (op_ != nullptr && slot_.is_connected()) slot_.clear();
    op_ = nullptr;
  }

  AwaitOp* op_;  // null: moved from, or ended
  Slot slot_;
  Handler handler_;
};

// An initiation that changes the handler first. It runs where the inner one runs.
template <class Initiation, class Change>
struct AwaitInitiation {
  template <class Handler, class... Args>
  void operator()(Handler&& handler, Args&&... args) && {
    std::move(change)(std::move(initiation), std::forward<Handler>(handler), std::forward<Args>(args)...);
  }
  template <class Handler, class... Args>
  void operator()(Handler&& handler, Args&&... args) const& {
    change(initiation, std::forward<Handler>(handler), std::forward<Args>(args)...);
  }
  auto get_executor() const noexcept  // NOLINT: Asio's name
    requires requires(const Initiation& i) { i.get_executor(); }
  {
    return initiation.get_executor();
  }

  Initiation initiation;
  Change change;
};

inline Error ErrorOfAwait(const Error& returned) { return returned; }
template <class T>
Error ErrorOfAwait(const Result<T>& returned) {
  return returned.Err();
}
template <class T>
Error ErrorOfAwait(const std::pair<Error, T>& returned) {
  return returned.first;
}

}  // namespace internal
}  // namespace weft

template <template <class, class> class Associator, class Handler, class Default>
struct boost::asio::associator<Associator, weft::internal::AwaitRedirectHandler<Handler>, Default>
    : Associator<Handler, Default> {
  using Outer = weft::internal::AwaitRedirectHandler<Handler>;
  static decltype(auto) get(const Outer& h) noexcept { return Associator<Handler, Default>::get(h.Inner()); }
  static decltype(auto) get(const Outer& h, const Default& d) noexcept { return Associator<Handler, Default>::get(h.Inner(), d); }
};

template <template <class, class> class Associator, class Handler, class Slot, class Default>
struct boost::asio::associator<Associator, weft::internal::AwaitSlotHandler<Handler, Slot>, Default>
    : Associator<Handler, Default> {
  using Outer = weft::internal::AwaitSlotHandler<Handler, Slot>;
  static decltype(auto) get(const Outer& h) noexcept { return Associator<Handler, Default>::get(h.Inner()); }
  static decltype(auto) get(const Outer& h, const Default& d) noexcept { return Associator<Handler, Default>::get(h.Inner(), d); }
};

template <class Token, class R, class Code, class... Args>
  requires weft::internal::kEndsInAwait<Token> && std::is_same_v<std::decay_t<Code>, boost::system::error_code>
struct boost::asio::async_result<boost::asio::redirect_error_t<Token>, R(Code, Args...)> {
  using return_type = typename async_result<Token, R(Args...)>::return_type;

  template <class Initiation, class Redirect, class... InitArgs>
  static return_type initiate(Initiation&& initiation, Redirect&& token, InitArgs&&... args) {
    boost::system::error_code& code = token.ec_;
    auto change = [&code](auto&& inner, auto&& handler, auto&&... rest) {
      using Handler = std::decay_t<decltype(handler)>;
      std::forward<decltype(inner)>(inner)(weft::internal::AwaitRedirectHandler<Handler>(code, std::forward<decltype(handler)>(handler)),
                                           std::forward<decltype(rest)>(rest)...);
    };
    using Wrapped = weft::internal::AwaitInitiation<std::decay_t<Initiation>, decltype(change)>;
    return_type returned = async_initiate<Token, R(Args...)>(Wrapped{std::forward<Initiation>(initiation), change}, token.token_,
                                                            std::forward<InitArgs>(args)...);
    // The context's error, even if nothing was started, and instead of operation_aborted.
    if (weft::Error err = weft::internal::ErrorOfAwait(returned)) code = boost::system::error_code(err.Code());
    return returned;
  }
};

template <class Token, class Slot, class R, class... Args>
  requires weft::internal::kEndsInAwait<Token>
class boost::asio::async_result<boost::asio::cancellation_slot_binder<Token, Slot>, R(Args...)> {
 public:
  using return_type = typename async_result<Token, R(Args...)>::return_type;

  template <class Initiation, class Binder, class... InitArgs>
  static return_type initiate(Initiation&& initiation, Binder&& binder, InitArgs&&... args) {
    auto change = [slot = binder.get_cancellation_slot()](auto&& inner, auto&& handler, auto&&... rest) {
      using Handler = std::decay_t<decltype(handler)>;
      weft::internal::AwaitOp* op = weft::internal::AssociatedAwaitOp<Handler>::get(handler);
      if (op == nullptr) weft::internal::AbortMisuse("Await", "an adapter of the handler hides it from bind_cancellation_slot");
      std::forward<decltype(inner)>(inner)(
          weft::internal::AwaitSlotHandler<Handler, Slot>(*op, slot, std::forward<decltype(handler)>(handler)),
          std::forward<decltype(rest)>(rest)...);
    };
    using Wrapped = weft::internal::AwaitInitiation<std::decay_t<Initiation>, decltype(change)>;
    return async_initiate<Token, R(Args...)>(Wrapped{std::forward<Initiation>(initiation), change}, binder.get(),
                                             std::forward<InitArgs>(args)...);
  }
};

#endif  // WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_ADAPTERS_H_
