// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_UNLIMITED_H_
#define WEFT_CONCURRENCY_UNLIMITED_H_

#include <concepts>
#include <limits>

#include <weft/concurrency/clock.h>

namespace weft {

namespace internal {

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

}  // namespace internal

// Takes a limit away, whether it is a time, a number or a size: options.idle_timeout =
// weft::kUnlimited. Each limit is there because somebody was hurt without it.
inline constexpr internal::Unlimited kUnlimited;

}  // namespace weft

#endif  // WEFT_CONCURRENCY_UNLIMITED_H_
