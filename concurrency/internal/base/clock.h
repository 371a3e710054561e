// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_BASE_CLOCK_H_
#define WEFT_CONCURRENCY_INTERNAL_BASE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include <weft/concurrency/clock.h>

namespace weft::internal {

inline constexpr std::int64_t kNever = INT64_MAX;
inline constexpr std::int64_t kRealTime = -1;

// The virtual time in nanoseconds, or kRealTime. Only RunTest and the loop under it write it.
extern std::atomic<std::int64_t> g_virtual_now;

std::int64_t RealNowNs() noexcept;

inline bool VirtualTime() noexcept { return g_virtual_now.load(std::memory_order_relaxed) != kRealTime; }
inline std::int64_t NowNs() noexcept {
  const std::int64_t now = g_virtual_now.load(std::memory_order_acquire);
  return now == kRealTime ? RealNowNs() : now;
}

inline std::int64_t ToNs(TimePoint t) noexcept { return t.time_since_epoch().count(); }
inline TimePoint FromNs(std::int64_t ns) noexcept { return TimePoint(Duration(ns)); }
// A sum that stops at kNever instead of overflowing.
inline std::int64_t AddNs(std::int64_t t, std::int64_t d) noexcept {
  std::int64_t sum = 0;
  return __builtin_add_overflow(t, d, &sum) ? (d > 0 ? kNever : INT64_MIN) : sum;
}

// The time between the two, without overflow.
inline std::int64_t BetweenNs(std::int64_t from, std::int64_t to) noexcept {
  std::int64_t length = 0;
  return __builtin_sub_overflow(to, from, &length) ? (to > from ? INT64_MAX : INT64_MIN) : length;
}

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_BASE_CLOCK_H_
