// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/base/clock.h>

#include <ctime>

namespace weft {
namespace internal {

std::atomic<std::int64_t> g_virtual_now{kRealTime};

std::int64_t RealNowNs() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace internal

TimePoint Clock::now() noexcept { return internal::FromNs(internal::NowNs()); }

}  // namespace weft
