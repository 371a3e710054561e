// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_PROXY_INTERNAL_UPSTREAM_H_
#define WEFT_HANDLERS_PROXY_INTERNAL_UPSTREAM_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {

// One upstream, and what its requests have found out about it. From any thread.
struct Upstream {
  static constexpr Duration kOutMax = std::chrono::seconds(30);

  Upstream(std::string text, int most, Duration out) : address(std::move(text)), failures_max(most), out_for(out) {}

  // When it may be used again; in the past: now.
  TimePoint BackAt() const {
    const std::lock_guard hold(lock);
    return checked_out ? TimePoint::max() : back_at;
  }
  // One that was out gets a single request; while that is under way it stays out.
  void Enter(TimePoint now) {
    const std::lock_guard hold(lock);
    if (in_a_row >= failures_max && failures_max > 0) back_at = now + out_for_next;
    ++requests;
  }
  void Succeeded() {
    const std::lock_guard hold(lock);
    in_a_row = 0;
    back_at = TimePoint();
    out_for_next = out_for;
  }
  void Failed(TimePoint now) {
    const std::lock_guard hold(lock);
    ++failed;
    if (failures_max <= 0 || ++in_a_row < failures_max) return;
    back_at = now + out_for_next;
    out_for_next = std::min(2 * out_for_next, kOutMax);
  }
  // What the check has found.
  void Checked(bool good, int failures_to_out) {
    const std::lock_guard hold(lock);
    bad_checks = good ? 0 : bad_checks + 1;
    checked_out = bad_checks >= failures_to_out;
  }

  const std::string address;
  const int failures_max;
  const Duration out_for;
  std::atomic<std::uint32_t> in_flight{0};

  mutable ThreadMutex lock;  // for a moment
  std::uint64_t requests WEFT_GUARDED_BY(lock) = 0;
  std::uint64_t failed WEFT_GUARDED_BY(lock) = 0;
  int in_a_row WEFT_GUARDED_BY(lock) = 0;
  int bad_checks WEFT_GUARDED_BY(lock) = 0;
  bool checked_out WEFT_GUARDED_BY(lock) = false;
  TimePoint back_at WEFT_GUARDED_BY(lock){};
  Duration out_for_next WEFT_GUARDED_BY(lock) = out_for;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_PROXY_INTERNAL_UPSTREAM_H_
