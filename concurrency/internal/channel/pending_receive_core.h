// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_CHANNEL_PENDING_RECEIVE_CORE_H_
#define WEFT_CONCURRENCY_INTERNAL_CHANNEL_PENDING_RECEIVE_CORE_H_

#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/internal/channel/chan_core.h>

namespace weft::internal {

// A receiver in the queue of a channel for which no fiber sleeps: what it gets ends a context. Locks: that of the channel, then
// that of the context, which is never held when a channel's is taken.
class PendingReceiveCore {
 public:
  // Null: the nil channel. It stays pinned.
  explicit PendingReceiveCore(ChanBase* chan) noexcept : chan_(chan), pin_(chan) {}
  PendingReceiveCore(const PendingReceiveCore&) = delete;
  PendingReceiveCore& operator=(const PendingReceiveCore&) = delete;

 protected:
  ~PendingReceiveCore() = default;
  // Takes it out of the queue, before its place is destroyed.
  void Leave() noexcept;
  SmallLock& lock() noexcept { return chan_->lock(); }
  // With the lock.
  bool Waits() const noexcept { return waiter_.Linked(); }
  bool Closed() const noexcept { return waiter_.closed; }
  void LeaveLocked() noexcept { waiter_.Leave(); }
  // What was to be ended; its release, without the lock, ends it.
  CancelFunc TakeWake() noexcept { return std::exchange(waiter_.wake, CancelFunc()); }
  // Enters the queue; filling `place`, or closing the channel, ends `wake`. With the lock, which it releases.
  void Enter(void* place, CancelFunc wake) noexcept WEFT_NO_LOCK_ANALYSIS;

 private:
  struct Waiter : ChanWaiter {
    CancelFunc wake;
  };
  static void Told(QueueWaiter& waiter) noexcept;

  ChanBase* const chan_;
  const ChanPin pin_;
  Waiter waiter_;
};

}  // namespace weft::internal

#endif  // WEFT_CONCURRENCY_INTERNAL_CHANNEL_PENDING_RECEIVE_CORE_H_
