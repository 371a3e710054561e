// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_ERROR_H_
#define WEFT_CONCURRENCY_ERROR_H_

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <weft/concurrency/internal/base/built_alike.h>

namespace weft {

// The errors that weft itself makes. Each has a constant below (kCanceled and so on) to compare
// with.
enum class Errc : std::int32_t {
  kCanceled = 1,        // the context was canceled
  kDeadlineExceeded,    // the context's deadline passed
  kClosed,              // the channel, stream or writer is closed
  kServerClosing,       // the server's drain ran out of patience
  kClientGone,          // the client closed its connection or reset it
  kTooLarge,            // more than a limit allows
  kTimeout,             // the other side was too slow
  kMalformed,           // bytes that break their format
  kRefused,             // not started: the group, pool or scheduler takes no more work
  kDeadlock,            // everybody waits and nothing can wake anybody
  kLeaked,              // something was still running where all should have ended
  kUnavailable,         // what this needs cannot be reached, or takes no more
  kUpstreamFailed,      // what this needs was reached, and failed or sent nonsense
  kUpstreamTimeout,     // what this needs was too slow, by a limit of its client
};

const std::error_category& ErrorCategory() noexcept;
inline std::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), ErrorCategory()};
}

class Error;

namespace internal {

// What an Error points to. Constants live in static storage with `refs` below zero and are never
// freed.
struct ErrorRep {
  constexpr ErrorRep(std::int32_t initial_refs, std::int32_t weft_code, std::string_view what) noexcept
      : refs(initial_refs), code(weft_code), text(what) {}

  mutable std::atomic<std::int32_t> refs;
  std::int32_t code;      // an Errc, or 0
  std::string_view text;  // owned by the derived OwnedErrorRep, or a literal
};

void FreeErrorRep(const ErrorRep* rep) noexcept;
// `joined`, if any, lies in the payload: Is and As look through these errors, too.
Error MakeTypedError(std::string message, std::shared_ptr<const void> payload, const void* type_tag, Errc code,
                     const std::vector<Error>* joined = nullptr);
[[noreturn]] void AbortMisuse(const char* function, const char* rule) noexcept;

// Its address tells the type T. One for weft and the program also where weft is a shared library
// and the program hides its names; types of weft's that are carried have to say so, too.
template <class T>
[[gnu::visibility("default")]] inline constexpr char kTypeTag = 0;

template <class E>
concept ErrorCodeEnum = std::is_enum_v<E> && requires(E e) {
  { make_error_code(e) } -> std::convertible_to<std::error_code>;
};

}  // namespace internal

// Tells whether something failed, and why. It is a value as small as a pointer: copying counts a
// reference and never allocates; an Error is immutable, so it may be read from any thread. `if
// (err)` means: it failed.
//
// An Error has a message, may carry a code or a typed payload or an exception, and may wrap another
// Error (Go's fmt.Errorf with %w). Is and As look through everything it wraps, also where that is
// several errors (of First).
//
//   if (weft::Error err = Connect(ctx)) return err.Wrap("load the profile");
//   if (err.Is(weft::kDeadlineExceeded)) ...
class [[nodiscard]] Error {
 public:
  // No error.
  constexpr Error() noexcept = default;

  // From a standard error code, or anything that converts to one (Boost's codes do). A code that
  // says "no error" gives an empty Error.
  Error(const std::error_code& code);  // NOLINT: conversion is the purpose
  template <class C>
    requires(!std::is_same_v<std::remove_cvref_t<C>, std::error_code> && !std::is_enum_v<C> &&
             !std::is_same_v<std::remove_cvref_t<C>, Error> && std::is_class_v<C> &&
             std::is_convertible_v<const C&, std::error_code>)
  Error(const C& code) : Error(static_cast<std::error_code>(code)) {}  // NOLINT

  // From an error enum: Errc, std::errc, or an enum of Boost or of the user that has
  // make_error_code.
  template <internal::ErrorCodeEnum E>
  Error(E code) : Error(static_cast<std::error_code>(make_error_code(code))) {}  // NOLINT

  // One of weft's constants below.
  constexpr explicit Error(const internal::ErrorRep& constant) noexcept : rep_(&constant) {}

  Error(const Error& other) noexcept : rep_(other.rep_) { Ref(); }
  Error(Error&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}
  Error& operator=(const Error& other) noexcept {
    Error copy(other);
    std::swap(rep_, copy.rep_);
    return *this;
  }
  Error& operator=(Error&& other) noexcept {
    std::swap(rep_, other.rep_);
    return *this;
  }
  ~Error() { Unref(); }

  // A new error with this text. Each call makes an identity of its own: two errors of the same text
  // are not each other for Is (Go's errors.New).
  static Error New(std::string message);

  // An error that carries a value for As<T>(), for example the status of an answer.
  template <class T>
  static Error With(std::string message, T payload) {
    return internal::MakeTypedError(std::move(message), std::make_shared<const T>(std::move(payload)),
                                    &internal::kTypeTag<T>, Errc{});
  }

  // An error that carries an exception; its message is what(), for types derived from
  // std::exception. A null pointer gives an empty Error. Where there is no memory for it, the error
  // is std::errc::not_enough_memory, without the exception.
  static Error FromException(std::exception_ptr exception) noexcept;

  explicit operator bool() const noexcept { return rep_ != nullptr; }

  // The whole story, outermost first: "load the profile: connect: Connection refused". Empty when
  // no error.
  std::string Message() const;

  // This error with `what` said before it. Wrapping no error gives no error.
  Error Wrap(std::string_view what) const;

  // True if this error, or one that it wraps, is `target`: the same New, or the same code
  // (std::errc is told in the codes of the system as well). An empty Error is nothing, also not
  // another empty one.
  bool Is(const Error& target) const noexcept;

  // The payload of type T that this error or one that it wraps carries; null if there is none.
  // Valid as long as any copy of this Error lives.
  template <class T>
  const T* As() const noexcept {
    return static_cast<const T*>(Payload(&internal::kTypeTag<T>));
  }

  // The first code found from outside inwards; an empty one if there is none.
  std::error_code Code() const noexcept;

  // The exception that is carried; null if there is none.
  std::exception_ptr Exception() const noexcept;

 private:
  friend class ErrorAccess;
  constexpr explicit Error(const internal::ErrorRep* rep) noexcept : rep_(rep) {}

  void Ref() const noexcept {
    if (rep_ != nullptr && rep_->refs.load(std::memory_order_relaxed) >= 0) {
      rep_->refs.fetch_add(1, std::memory_order_relaxed);
    }
  }
  void Unref() const noexcept {
    if (rep_ != nullptr && rep_->refs.load(std::memory_order_relaxed) >= 0) internal::FreeErrorRep(rep_);
  }
  const void* Payload(const void* type_tag) const noexcept;

  const internal::ErrorRep* rep_ = nullptr;
};

// The door of weft's own code to an Error's inside.
class ErrorAccess {
 public:
  static const internal::ErrorRep* Rep(const Error& error) noexcept { return error.rep_; }
  static Error Adopt(const internal::ErrorRep* rep) noexcept { return Error(rep); }           // takes a reference over
  static const internal::ErrorRep* Release(Error error) noexcept { return std::exchange(error.rep_, nullptr); }
  static Error Share(const internal::ErrorRep* rep) noexcept {                                 // counts one more
    Error error(rep);
    error.Ref();
    return error;
  }
  // An error with a code and a cause, such as a context's: "context canceled: interrupt".
  static Error Coded(Errc code, const Error& cause);
  // The same in the words of the cause alone.
  static Error CodedInWordsOf(const Error& cause, Errc code);
  // std::errc::not_enough_memory, which was made in time.
  static const Error& NoMemory() noexcept;
};

namespace internal {
inline constinit const ErrorRep kCanceledRep{-1, 1, "context canceled"};
inline constinit const ErrorRep kDeadlineExceededRep{-1, 2, "deadline exceeded"};
inline constinit const ErrorRep kClosedRep{-1, 3, "closed"};
inline constinit const ErrorRep kServerClosingRep{-1, 4, "server closing"};
inline constinit const ErrorRep kClientGoneRep{-1, 5, "client gone"};
inline constinit const ErrorRep kTooLargeRep{-1, 6, "too large"};
inline constinit const ErrorRep kTimeoutRep{-1, 7, "timed out"};
inline constinit const ErrorRep kMalformedRep{-1, 8, "malformed"};
inline constinit const ErrorRep kRefusedRep{-1, 9, "refused"};
inline constinit const ErrorRep kDeadlockRep{-1, 10, "deadlock"};
inline constinit const ErrorRep kLeakedRep{-1, 11, "leaked"};
inline constinit const ErrorRep kUnavailableRep{-1, 12, "unavailable"};
inline constinit const ErrorRep kUpstreamFailedRep{-1, 13, "upstream failed"};
inline constinit const ErrorRep kUpstreamTimeoutRep{-1, 14, "upstream timed out"};

// How contexts end that nobody cancels: by the end of their scope. Constants, so that it costs no
// memory and no count of references.
inline constinit const ErrorRep kScopeGoneRep{-1, 1, "the CancelScope of this context is gone"};
inline constinit const ErrorRep kCanceledByScopeRep{-1, 1, "context canceled: the CancelScope of this context is gone"};
// In a Result whose old value is gone when moving the new one in throws.
inline constinit const ErrorRep kValueLostRep{-1, 0, "the value was lost: assigning another one threw"};
}  // namespace internal

// Compare with these by Is. They are usable before and after main.
inline constinit const Error kCanceled {internal::kCanceledRep};
inline constinit const Error kDeadlineExceeded {internal::kDeadlineExceededRep};
inline constinit const Error kClosed {internal::kClosedRep};
inline constinit const Error kServerClosing {internal::kServerClosingRep};
inline constinit const Error kClientGone {internal::kClientGoneRep};
inline constinit const Error kTooLarge {internal::kTooLargeRep};
inline constinit const Error kTimeout {internal::kTimeoutRep};
inline constinit const Error kMalformed {internal::kMalformedRep};
inline constinit const Error kRefused {internal::kRefusedRep};
inline constinit const Error kDeadlock {internal::kDeadlockRep};
inline constinit const Error kLeaked {internal::kLeakedRep};
inline constinit const Error kUnavailable {internal::kUnavailableRep};
inline constinit const Error kUpstreamFailed {internal::kUpstreamFailedRep};
inline constinit const Error kUpstreamTimeout {internal::kUpstreamTimeoutRep};

// No error if it Is(kCanceled), else the same error: for the main of a program, and for workers, to
// which being told to stop is no failure. A handler must not use it: what it has then may be half
// of an answer.
//
//   if (weft::Error err = weft::IgnoreCanceled(group.Wait())) return 1;
inline Error IgnoreCanceled(Error error) noexcept { return error.Is(kCanceled) ? Error() : std::move(error); }

}  // namespace weft

template <>
struct std::is_error_code_enum<weft::Errc> : std::true_type {};

#include <weft/concurrency/result.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_ERROR_H_
