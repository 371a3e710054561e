// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/shard/in_flight.h>

#include <utility>

#include <weft/server/internal/shard/shard_member.h>

namespace weft::internal {

bool InFlight::ReportFull() {
  if (share_.requests != 0 && !std::exchange(full_reported_, true)) {
    observer_.OnLimitReached({"", LimitKind::kRequests, share_.requests});
  }
  return false;
}

void InFlight::GiveToNext() {
  if (in_flight_.load(std::memory_order_relaxed) > share_.requests) {
    Count(in_flight_, -1);
    full_reported_ = overload_reported_ = false;
    return;
  }
  TimeoutLink* next = queue_.First();
  next->Unlink();
  Count(waiting_, -1);
  ShardMember::Of(*next).TakeSlot();
}

bool InFlight::MayQueue() {
  if (Queued() < share_.queued_requests) return true;
  if (!std::exchange(overload_reported_, true)) {
    observer_.OnLimitReached({"", LimitKind::kQueuedRequests, share_.queued_requests});
  }
  return false;
}

bool InFlight::AcquireLongLived() {
  if (long_lived_.load(std::memory_order_relaxed) >= share_.long_lived) return false;
  Count(long_lived_, 1);
  return true;
}

}  // namespace weft::internal
