// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_RESULT_H_
#define WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_RESULT_H_

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/asio/await_failures.h>
#include <weft/concurrency/internal/asio/await_op.h>

// Turns the arguments of a completion handler into what Await returns.
namespace weft::internal {

enum class AwaitForm { kWhole, kPartial };

// Splits the arguments into the error, if the first one is one, and the values.
template <class... Args>
struct AwaitArguments {
  using Values = std::tuple<std::decay_t<Args>...>;
  static constexpr bool kHasError = false;
};
template <class First, class... Rest>
  requires kIsErrorArgument<std::decay_t<First>>
struct AwaitArguments<First, Rest...> {
  using Values = std::tuple<std::decay_t<Rest>...>;
  static constexpr bool kHasError = true;
};

template <AwaitForm kForm, class Values>
struct AwaitReturn;
template <AwaitForm kForm>
struct AwaitReturn<kForm, std::tuple<>> {
  using type = Error;
  static_assert(kForm == AwaitForm::kWhole, "AwaitPartial is for operations that give a value: use Await");
};
template <class T>
struct AwaitReturn<AwaitForm::kWhole, std::tuple<T>> {
  using type = Result<T>;
};
template <class A, class B, class... More>
struct AwaitReturn<AwaitForm::kWhole, std::tuple<A, B, More...>> {
  using type = Result<std::tuple<A, B, More...>>;
};
template <class T>
struct AwaitReturn<AwaitForm::kPartial, std::tuple<T>> {
  using type = std::pair<Error, T>;
};
template <class A, class B, class... More>
struct AwaitReturn<AwaitForm::kPartial, std::tuple<A, B, More...>> {
  using type = std::pair<Error, std::tuple<A, B, More...>>;
};

// An operation with a place for its values.
template <class... Args>
class AwaitOpOf : public AwaitOp {
  using Arguments = AwaitArguments<Args...>;
  using Values = typename Arguments::Values;

 public:
  using AwaitOp::AwaitOp;

  // In the completion handler.
  template <class... Given>
  void Complete(Given&&... given) {
    if constexpr (Arguments::kHasError) {
      CompleteWithError(std::forward<Given>(given)...);
    } else {
      values_.emplace(std::forward<Given>(given)...);
      SetOutcome(Error(), FailuresIn(*values_));
    }
  }

  template <AwaitForm kForm>
  typename AwaitReturn<kForm, Values>::type Take() {
    using Return = typename AwaitReturn<kForm, Values>::type;
    Error error = Verdict();
    if constexpr (std::tuple_size_v<Values> == 0) {
      return error;
    } else if constexpr (kForm == AwaitForm::kPartial) {
      if (!values_.has_value()) return Return(std::move(error), typename Return::second_type());
      return Return(std::move(error), OneOrAll(std::move(*values_)));
    } else {
      if (error) return Return(std::move(error));
      return Return(OneOrAll(std::move(*values_)));
    }
  }

 private:
  template <class Code, class... Given>
  void CompleteWithError(Code&& code, Given&&... given) {
    values_.emplace(std::forward<Given>(given)...);
    Error error = ToError(code);
    const AwaitFailures failures = FailuresIn(error);
    SetOutcome(std::move(error), failures);
  }

  static auto OneOrAll(Values&& values) {
    if constexpr (std::tuple_size_v<Values> == 1) {
      return std::get<0>(std::move(values));
    } else {
      return std::move(values);
    }
  }

  std::optional<Values> values_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_RESULT_H_
