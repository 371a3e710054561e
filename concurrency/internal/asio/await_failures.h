// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_FAILURES_H_
#define WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_FAILURES_H_

#include <array>
#include <cstddef>
#include <exception>
#include <optional>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/asio/await_op.h>

// Looks for failures among the arguments of a completion handler, wherever an adapter or a group of operations has put them.
namespace weft::internal {

inline Error ToError(const boost::system::error_code& code) { return Error(code); }
inline Error ToError(const std::error_code& code) { return Error(code); }
inline Error ToError(Error error) { return error; }
inline Error ToError(const std::exception_ptr& exception) {
  try {
    if (exception != nullptr) std::rethrow_exception(exception);
  } catch (const boost::system::system_error& e) {
    if (e.code() == boost::asio::error::operation_aborted) return Error(e.code());
  } catch (...) {
  }
  return Error::FromException(exception);
}

template <class T>
inline constexpr bool kIsErrorArgument = std::is_same_v<T, boost::system::error_code> || std::is_same_v<T, std::error_code> ||
                                         std::is_same_v<T, std::exception_ptr> || std::is_same_v<T, Error>;

inline bool IsAborted(const Error& error) {
  static const std::error_code kAborted = boost::asio::error::make_error_code(boost::asio::error::operation_aborted);
  return error.Code() == kAborted;
}

// The shapes in which values hold others. Of a tuple that begins with an error only this one counts: what follows are its values.
template <class T>
struct AwaitShape {
  static constexpr bool kMayFail = kIsErrorArgument<T>;
};
template <class T>
inline constexpr bool kMayFail = AwaitShape<std::remove_cvref_t<T>>::kMayFail;

template <class T>
void CountFailures(const T& value, AwaitFailures& failures) {
  if constexpr (kIsErrorArgument<T>) {
    ++failures.places;
    const Error error = ToError(value);
    if (!error) return;
    ++failures.set;
    if (IsAborted(error)) ++failures.aborted;
  } else if constexpr (kMayFail<T>) {
    AwaitShape<T>::Count(value, failures);
  }
}

template <class Values, std::size_t... kIndex>
void CountFailuresInAll(const Values& values, AwaitFailures& failures, std::index_sequence<kIndex...>) {
  (CountFailures(std::get<kIndex>(values), failures), ...);
}

template <>
struct AwaitShape<std::tuple<>> {
  static constexpr bool kMayFail = false;
};
template <class First, class... Rest>
struct AwaitShape<std::tuple<First, Rest...>> {
  static constexpr bool kMayFail = internal::kMayFail<First> || (internal::kMayFail<Rest> || ...);
  static void Count(const std::tuple<First, Rest...>& values, AwaitFailures& failures) {
    constexpr std::size_t kCount = kIsErrorArgument<First> ? 1 : 1 + sizeof...(Rest);
    CountFailuresInAll(values, failures, std::make_index_sequence<kCount>());
  }
};
template <class A, class B>
struct AwaitShape<std::pair<A, B>> {
  static constexpr bool kMayFail = internal::kMayFail<A> || internal::kMayFail<B>;
  static void Count(const std::pair<A, B>& values, AwaitFailures& failures) {
    CountFailuresInAll(values, failures, std::make_index_sequence<kIsErrorArgument<A> ? 1 : 2>());
  }
};
template <class... T>
struct AwaitShape<std::variant<T...>> {
  static constexpr bool kMayFail = (internal::kMayFail<T> || ...);
  static void Count(const std::variant<T...>& value, AwaitFailures& failures) {
    if (!value.valueless_by_exception()) std::visit([&](const auto& held) { CountFailures(held, failures); }, value);
  }
};
template <class T>
struct AwaitShape<std::optional<T>> {
  static constexpr bool kMayFail = internal::kMayFail<T>;
  static void Count(const std::optional<T>& value, AwaitFailures& failures) {
    if (value.has_value()) CountFailures(*value, failures);
  }
};
template <class T>
struct AwaitShape<Result<T>> {
  static constexpr bool kMayFail = true;
  static void Count(const Result<T>& value, AwaitFailures& failures) { CountFailures(value.Err(), failures); }
};
template <class T, std::size_t kSize>
struct AwaitShape<std::array<T, kSize>> {
  static constexpr bool kMayFail = internal::kMayFail<T>;
  static void Count(const std::array<T, kSize>& values, AwaitFailures& failures) {
    for (const T& value : values) CountFailures(value, failures);
  }
};
template <class T, class Allocator>
struct AwaitShape<std::vector<T, Allocator>> {
  static constexpr bool kMayFail = internal::kMayFail<T>;
  static void Count(const std::vector<T, Allocator>& values, AwaitFailures& failures) {
    for (const T& value : values) CountFailures(value, failures);
  }
};

template <class T>
AwaitFailures FailuresIn(const T& value) {
  AwaitFailures failures;
  CountFailures(value, failures);
  return failures;
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_FAILURES_H_
