// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_HANDLER_H_
#define WEFT_HANDLERS_HANDLER_H_

#include <atomic>
#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>

namespace weft {

namespace internal {
template <class R>
concept HandlerResult = std::is_void_v<R> || std::convertible_to<R, Error>;
}  // namespace internal

// What a Handler can be made from: a function, a lambda or another object that can be called as
// const with (ResponseWriter&, Request&), and that returns nothing, an Error, or what converts to
// one.
template <class F>
concept HandlerFunction = requires(const std::decay_t<F>& f, ResponseWriter& w, Request& r) {
  { f(w, r) } -> internal::HandlerResult;
};

namespace internal {

template <class F>
inline constexpr bool kTakesRequest =
    requires(std::decay_t<F>& f, ResponseWriter& w, Request& r) { f(w, r); };
template <class F>
inline constexpr bool kTakesRequestAsConst =
    requires(const std::decay_t<F>& f, ResponseWriter& w, Request& r) { f(w, r); };

// Something that was meant as a handler but is none, to explain why. If it does not look like a
// function at all, the compiler's own message is enough.
template <class F>
concept MeantAsHandler =
    !HandlerFunction<F> && (std::is_function_v<std::remove_pointer_t<std::decay_t<F>>> ||
                            requires { &std::decay_t<F>::operator(); } || kTakesRequest<F>);

}  // namespace internal

// Serves requests. It is a shared handle to any callable with a const call operator that takes
// (ResponseWriter&, Request&) and returns void or Error; move-only callables are fine. Copies share
// the callable, which is destroyed with the last of them. All loops of a server call it in
// parallel, hence the const: state that it changes must be safe for that.
//
// A handler runs in a fiber of its own, and may block in any call of weft. If it returns an Error,
// that decides the response (handlers/error_status.h). If it returns none, the response is
// complete. An exception becomes a 500.
//
//   weft::Handler hello = [](weft::ResponseWriter& w, weft::Request&) {
//     return w.Write("Hello, World!");
//   };
class Handler {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, Handler> && HandlerFunction<F>)
  Handler(F&& f)  // NOLINT: conversion is the purpose
      : rep_(new Holder<std::decay_t<F>>(std::forward<F>(f))) {}

  // Explains at compile time why a function is not a handler. (To ask, use HandlerFunction.)
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, Handler> && internal::MeantAsHandler<F>)
  Handler(F&&) : rep_(nullptr) {  // NOLINT: conversion is the purpose
    static_assert(internal::kTakesRequest<F>,
                  "a weft::Handler takes (weft::ResponseWriter&, weft::Request&): check the "
                  "parameters");
    static_assert(!internal::kTakesRequest<F> || internal::kTakesRequestAsConst<F>,
                  "a weft::Handler is called by all loops at once and must be const: a lambda must "
                  "not be mutable");
    static_assert(!internal::kTakesRequestAsConst<F>,
                  "a weft::Handler returns void or weft::Error: check the return type; a lambda "
                  "with several returns needs -> weft::Error");
  }

  Handler(const Handler& other) noexcept : rep_(other.rep_) {
    if (rep_ != nullptr) rep_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  Handler(Handler&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}
  Handler& operator=(Handler other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~Handler() {
    if (rep_ != nullptr && rep_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      rep_->destroy(rep_);
    }
  }

  // Calls it. Aborts if this handle was moved from.
  Error operator()(ResponseWriter& w, Request& r) const {
    if (rep_ == nullptr) internal::AbortMisuse("Handler", "called after it was moved from");
    return rep_->call(rep_, w, r);
  }

 private:
  struct Rep {
    Error (*call)(const Rep*, ResponseWriter&, Request&);
    void (*destroy)(const Rep*);
    mutable std::atomic<std::uint32_t> refs{1};
  };

  template <class F>
  struct Holder : Rep {
    template <class G>
    explicit Holder(G&& g) : Rep{&Holder::Call, &Holder::Destroy}, f(std::forward<G>(g)) {}

    static Error Call(const Rep* rep, ResponseWriter& w, Request& r) {
      const F& f = static_cast<const Holder*>(rep)->f;
      if constexpr (std::is_void_v<decltype(f(w, r))>) {
        f(w, r);
        return {};
      } else {
        return f(w, r);
      }
    }
    static void Destroy(const Rep* rep) { delete static_cast<const Holder*>(rep); }

    F f;
  };

  const Rep* rep_;
};

// Makes a handler from another one: it runs code before it, after it, or instead of it.
//
//   weft::Middleware no_store = [](weft::Handler next) {
//     return [next](weft::ResponseWriter& w, weft::Request& r) {
//       w.Header().Set("Cache-Control", "no-store");
//       return next(w, r);
//     };
//   };
using Middleware = std::function<Handler(Handler)>;

// Wraps the handler in all of these; the first middleware is the outermost. It sees a request
// first and its response last.
//
//   weft::Handler all = weft::Chain(mux, {weft::RequestId(), weft::AccessLog(), weft::Recover()});
Handler Chain(Handler handler, std::vector<Middleware> middleware);

// The payload of HttpError's errors, for Error::As.
struct [[gnu::visibility("default")]] HttpStatus {
  int code;
  std::string public_text;
};

// What a handler returns to choose the status of the response and its text; without a text it is
// the reason phrase. Fields that the handler has already set are kept, such as WWW-Authenticate
// with a 401. Aborts the process if `status` is not in 400..599.
//
//   if (!user) return weft::HttpError(404, "no such user");
Error HttpError(int status, std::string public_text = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_HANDLER_H_
