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
#include <weft/concurrency/internal/base/error_rep.h>

// How weft reports expected trouble: functions return an Error, or a Result<T> (result.h). Misuse
// of the API is not reported this way; it aborts the process with the name of the function.

namespace weft {

// The kinds of failure that weft itself reports. Each one has a constant below (kCanceled and so
// on) to compare with.
enum class Errc : std::int32_t {
  // The context was canceled.
  kCanceled = 1,
  // The context's deadline has passed.
  kDeadlineExceeded,
  // The channel, stream or writer is closed.
  kClosed,
  // The server's drain timeout has expired.
  kServerClosing,
  // The client closed its connection, or reset it.
  kClientGone,
  // The input exceeds a limit.
  kTooLarge,
  // The peer was too slow.
  kTimeout,
  // The bytes violate their format.
  kMalformed,
  // The work was not started: the group, pool or scheduler accepts no more.
  kRefused,
  // All fibers wait, and nothing can wake any of them.
  kDeadlock,
  // Something was still running when everything should have ended.
  kLeaked,
  // A dependency cannot be reached, or accepts no more work.
  kUnavailable,
  // A dependency was reached, but failed or sent an invalid response.
  kUpstreamFailed,
  // A dependency was too slow, by a limit of its client.
  kUpstreamTimeout,
};

// The category of Errc values in a std::error_code.
const std::error_category& ErrorCategory() noexcept;
inline std::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), ErrorCategory()};
}

// Says whether an operation failed, and why. `if (err)` means that it failed.
//
// An Error is a value the size of a pointer. Copying it counts a reference and never allocates. It
// is immutable, so any thread may read it.
//
// An Error has a message. It may also carry a code, a typed payload or an exception, and it may
// wrap another Error, as fmt.Errorf does with %w in Go. Is and As search all that it wraps, even
// where that is several errors (see First in group.h).
//
//   weft::Error Load(const weft::Context& ctx) {
//     if (weft::Error err = Connect(ctx)) return err.Wrap("load the profile");
//     return {};                                     // success
//   }
//   bool TimedOut(const weft::Error& err) { return err.Is(weft::kDeadlineExceeded); }
class [[nodiscard]] Error {
 public:
  // No error.
  constexpr Error() noexcept = default;

  // Converts a standard error code, or anything that converts to one, such as Boost's codes. A code
  // that means success gives an empty Error.
  Error(const std::error_code& code);  // NOLINT: conversion is the purpose
  template <class C>
    requires(!std::is_same_v<std::remove_cvref_t<C>, std::error_code> && !std::is_enum_v<C> &&
             !std::is_same_v<std::remove_cvref_t<C>, Error> && std::is_class_v<C> &&
             std::is_convertible_v<const C&, std::error_code>)
  Error(const C& code) : Error(static_cast<std::error_code>(code)) {}  // NOLINT

  // Converts an error enum that has a make_error_code: Errc, std::errc, one of Boost's or your own.
  template <internal::ErrorCodeEnum E>
  Error(E code) : Error(static_cast<std::error_code>(make_error_code(code))) {}  // NOLINT

  // For the constants below.
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
  // constexpr, so that the constants below are not destroyed when the program ends.
  constexpr ~Error() {
    if (!std::is_constant_evaluated() && rep_ != nullptr) Unref();
  }

  // Makes an error with this message and an identity of its own: for Is, two errors with the same
  // text are different (Go's errors.New).
  static Error New(std::string message);

  // Makes an error that carries a value for As<T>(), for example the status code of a response.
  template <class T>
  static Error With(std::string message, T payload) {
    return internal::MakeTypedError(std::move(message),
                                    std::make_shared<const T>(std::move(payload)),
                                    &internal::kTypeTag<T>, Errc{});
  }

  // Makes an error that carries an exception. Its message is what(), for types derived from
  // std::exception. A null pointer gives an empty Error. If memory runs out, the error is
  // std::errc::not_enough_memory, without the exception.
  static Error FromException(std::exception_ptr exception) noexcept;

  // True if something failed.
  explicit operator bool() const noexcept { return rep_ != nullptr; }

  // The full message, outermost first: "load the profile: connect: Connection refused". Empty if
  // there is no error.
  std::string Message() const;

  // Returns this error with `what` in front of its message. Wrapping an empty Error gives an empty
  // Error.
  Error Wrap(std::string_view what) const;

  // True if this error, or one that it wraps, is `target`: made by the same New, or with the same
  // code. A std::errc also matches the equivalent codes of the system. An empty Error matches
  // nothing, not even another empty one.
  bool Is(const Error& target) const noexcept;

  // The payload of type T that this error, or one that it wraps, carries; null if there is none. It
  // is valid as long as any copy of this Error lives.
  template <class T>
  const T* As() const noexcept {
    return static_cast<const T*>(Payload(&internal::kTypeTag<T>));
  }

  // The outermost code; an empty one if there is none.
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
    if (rep_ != nullptr && rep_->refs.load(std::memory_order_relaxed) >= 0) {
      internal::FreeErrorRep(rep_);
    }
  }
  const void* Payload(const void* type_tag) const noexcept;

  const internal::ErrorRep* rep_ = nullptr;  // null: no error
};

// One constant for each Errc, to compare with by Is and to return. They may be used before and
// after main.
inline constexpr Error kCanceled{internal::kCanceledRep};
inline constexpr Error kDeadlineExceeded{internal::kDeadlineExceededRep};
inline constexpr Error kClosed{internal::kClosedRep};
inline constexpr Error kServerClosing{internal::kServerClosingRep};
inline constexpr Error kClientGone{internal::kClientGoneRep};
inline constexpr Error kTooLarge{internal::kTooLargeRep};
inline constexpr Error kTimeout{internal::kTimeoutRep};
inline constexpr Error kMalformed{internal::kMalformedRep};
inline constexpr Error kRefused{internal::kRefusedRep};
inline constexpr Error kDeadlock{internal::kDeadlockRep};
inline constexpr Error kLeaked{internal::kLeakedRep};
inline constexpr Error kUnavailable{internal::kUnavailableRep};
inline constexpr Error kUpstreamFailed{internal::kUpstreamFailedRep};
inline constexpr Error kUpstreamTimeout{internal::kUpstreamTimeoutRep};

// Returns an empty Error if the given one Is(kCanceled), and otherwise the error itself. It is for
// the main function of a program, and for workers, which do not fail by being stopped. Do not use
// it in a handler, whose response may be incomplete at that point.
//
//   int main() {
//     auto [ctx, stop] = weft::NotifyContext(weft::Background(), {SIGINT, SIGTERM});
//     return weft::IgnoreCanceled(weft::Run(ctx, Work)) ? 1 : 0;
//   }
inline Error IgnoreCanceled(Error error) noexcept {
  return error.Is(kCanceled) ? Error() : std::move(error);
}

}  // namespace weft

template <>
struct std::is_error_code_enum<weft::Errc> : std::true_type {};

#include <weft/concurrency/internal/base/error_access.h>  // IWYU pragma: export
#include <weft/concurrency/result.h>                      // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_ERROR_H_
