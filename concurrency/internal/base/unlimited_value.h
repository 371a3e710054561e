// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_UNLIMITED_VALUE_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_UNLIMITED_VALUE_H_

#include <concepts>
#include <limits>

#include <weft/concurrency/clock.h>

namespace weft::internal {

// The type of kUnlimited: the largest value of whatever it is assigned to or compared with.
struct Unlimited {
  constexpr operator Duration() const { return Duration::max(); }  // NOLINT: conversion is the purpose
  template <std::unsigned_integral T>
  constexpr operator T() const {  // NOLINT
    return std::numeric_limits<T>::max();
  }
  friend constexpr bool operator==(Duration value, Unlimited) { return value == Duration::max(); }
  template <std::unsigned_integral T>
  friend constexpr bool operator==(T value, Unlimited) {
    return value == std::numeric_limits<T>::max();
  }
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_UNLIMITED_VALUE_H_
