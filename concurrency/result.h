// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_RESULT_H_
#define WEFT_CONCURRENCY_RESULT_H_

#include <new>
#include <type_traits>
#include <utility>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/lifetimebound.h>

namespace weft {

// A value of type T, or the Error that says why there is none (std::expected, with weft's Error).
//
//   weft::Error Serve(std::string_view text) {
//     weft::Result<int> port = ParsePort(text);
//     if (weft::Error err = port.Err()) return err.Wrap("--address");
//     Listen(*port);
//     return {};
//   }
//
// A function returns either: `return 8080;` or `return weft::Error::New("not a number");`. One that
// has no value to return on success returns Error instead, so Result<void> and Result<Error> do not
// compile.
//
// A Result does not convert to bool. An Error is true on failure, and a Result would be true on
// success: the two must not be confused. Ask Ok() or Err().
//
// It is copyable if T is. Like any value, it must not be used by two threads at the same time if
// one of them changes it.
template <class T>
class [[nodiscard]] Result {
  static_assert(!std::is_void_v<T>, "Result<void> does not exist: return Error");
  static_assert(!std::is_same_v<std::remove_cv_t<T>, Error>,
                "Result<Error> does not exist: return Error");
  static_assert(!std::is_reference_v<T>, "a Result holds a value: use a pointer");

 public:
  // Success. The conversion is implicit, so that a function can return the value itself.
  Result(T value) : value_(std::move(value)) {}  // NOLINT: conversion is the purpose

  // Failure. Aborts on an empty Error: a Result without a value must say why.
  Result(Error error) : failure_(std::move(error)) {  // NOLINT: conversion is the purpose
    if (!failure_) internal::AbortMisuse("Result(Error)", "an empty Error is not a failure");
  }

// gcc 12 does not see that value_ is alive whenever failure_ is empty.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
  Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
      : failure_(other.failure_) {
    if (Ok()) new (&value_) T(std::move(other.value_));
  }
  Result(const Result& other)
    requires std::is_copy_constructible_v<T>
      : failure_(other.failure_) {
    if (Ok()) new (&value_) T(other.value_);
  }
  // Move assignment. If moving a T throws, a Result that held an Error is unchanged, and one that
  // held a value has whatever T's own assignment leaves. If T cannot be assigned, the value is lost
  // and the Result holds an Error instead.
  Result& operator=(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    if (this == &other) return *this;
    if (!other.Ok()) {
      if (Ok()) value_.~T();
      failure_ = other.failure_;
    } else if (!Ok()) {
      new (&value_) T(std::move(other.value_));
      failure_ = weft::Error();
    } else {
      Replace(other.value_);
    }
    return *this;
  }
  // Copy assignment. If the copy throws, the Result is unchanged.
  Result& operator=(const Result& other)
    requires std::is_copy_constructible_v<T>
  {
    return *this = Result(other);
  }
  ~Result() {
    if (Ok()) value_.~T();
  }
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

  // True if there is a value.
  bool Ok() const noexcept { return !failure_; }
  // Why there is no value; an empty Error if there is one.
  weft::Error Err() const noexcept { return failure_; }

  // The value. Aborts if there is none. The reference must not outlive the Result.
  T& operator*() & WEFT_LIFETIMEBOUND { return Checked("Result::operator*"); }
  const T& operator*() const& WEFT_LIFETIMEBOUND {
    return const_cast<Result*>(this)->Checked("Result::operator*");
  }
  T&& operator*() && WEFT_LIFETIMEBOUND { return std::move(Checked("Result::operator*")); }
  T* operator->() WEFT_LIFETIMEBOUND { return &Checked("Result::operator->"); }
  const T* operator->() const WEFT_LIFETIMEBOUND {
    return &const_cast<Result*>(this)->Checked("Result::operator->");
  }

  explicit operator bool() const = delete;

 private:
  void Replace(T& value) {
    if constexpr (!std::is_nothrow_move_constructible_v<T> && std::is_move_assignable_v<T>) {
      value_ = std::move(value);
    } else {
      value_.~T();
      failure_ = weft::Error(internal::kValueLostRep);
      new (&value_) T(std::move(value));
      failure_ = weft::Error();
    }
  }

  T& Checked(const char* function) {
    if (!Ok()) internal::AbortMisuse(function, "a failed Result has no value: look at Err() first");
    return value_;
  }

  weft::Error failure_;  // empty: value_ is alive
  union {
    T value_;
  };
};

}  // namespace weft

#endif  // WEFT_CONCURRENCY_RESULT_H_
