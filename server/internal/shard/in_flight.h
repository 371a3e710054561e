// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SHARD_IN_FLIGHT_H_
#define WEFT_SERVER_INTERNAL_SHARD_IN_FLIGHT_H_

#include <atomic>
#include <cstdint>

#include <weft/server/internal/limits.h>
#include <weft/server/internal/shard/timeout_list.h>
#include <weft/server/observer.h>

namespace weft::internal {

// Counts requests in flight: the slots of one loop, which are its share of the server's limit, and the queue for them. A
// request has a slot from its complete head until its response was sent; one that becomes long-lived exchanges it for a slot of
// that kind. A slot that is released goes to the request that has waited longest.
//
// On the loop's thread, except where it says otherwise.
class InFlight {
 public:
  InFlight(const ServerLimits& share, Observer& observer, TimeoutList& queue)
      : share_(share), observer_(observer), queue_(queue) {}
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  // From any thread: the number of requests that have a handler.
  std::uint64_t Requests() const {
    return Short() + LongLived();
  }
  // Those of them that are long-lived, and the others; and requests that wait for a slot.
  std::uint64_t LongLived() const { return long_lived_.load(std::memory_order_relaxed); }
  std::uint64_t Short() const { return in_flight_.load(std::memory_order_relaxed); }
  std::uint64_t Queued() const { return waiting_.load(std::memory_order_relaxed); }

  // False: all are taken, which is reported once for each time that they run out.
  bool Acquire() {
    if (in_flight_.load(std::memory_order_relaxed) >= share_.requests) [[unlikely]] return ReportFull();
    Count(in_flight_, 1);
    return true;
  }
  // For a request that has arrived already and whose slot was given away; beyond the limit if necessary.
  void AcquireAnyway() { Count(in_flight_, 1); }
  void Release() {
    if (queue_.First() != nullptr) [[unlikely]] return GiveToNext();
    Count(in_flight_, -1);
    full_reported_ = overload_reported_ = false;
  }

  // Whether a request may wait for a slot; the caller then puts it into the queue. A request that leaves the queue without a
  // slot must report that.
  bool MayQueue();
  void NoteQueued() { Count(waiting_, 1); }
  void NoteLeftQueue() { Count(waiting_, -1); }

  // No request waits for one of these.
  bool AcquireLongLived();
  void ReleaseLongLived() { Count(long_lived_, -1); }
  std::uint64_t LongLivedMax() const { return share_.long_lived; }

  // From now on there are no slots: new requests are rejected.
  void CloseTheDoor() { share_.requests = 0; }

 private:
  bool ReportFull();
  void GiveToNext();
  // Others only read these, so the loop counts without an atomic step.
  static void Count(std::atomic<std::uint64_t>& counter, int change) {
    counter.store(counter.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(change), std::memory_order_relaxed);
  }

  ServerLimits share_;
  Observer& observer_;
  TimeoutList& queue_;  // of Members
  std::atomic<std::uint64_t> in_flight_{0};
  std::atomic<std::uint64_t> long_lived_{0};
  std::atomic<std::uint64_t> waiting_{0};
  bool full_reported_ = false;
  bool overload_reported_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SHARD_IN_FLIGHT_H_
