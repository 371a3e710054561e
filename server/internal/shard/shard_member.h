// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SHARD_SHARD_MEMBER_H_
#define WEFT_SERVER_INTERNAL_SHARD_SHARD_MEMBER_H_

#include <weft/concurrency/clock.h>
#include <weft/server/internal/shard/timeout_list.h>

namespace weft::internal {

// An element of a shard's lists: a connection, of any protocol. The shard owns its members. It
// calls them on the loop's own stack, one at a time; a call may end the member on which it is made, and no other
// one. A member that has ended reports that by Shard::Requeue, and is destroyed when its turn comes, so that
// none of its functions is on any stack then.
//
// None of the calls throws: a member for which there is no memory ends itself.
class ShardMember : public TimeoutLink {
 public:
  ShardMember(const ShardMember&) = delete;
  ShardMember& operator=(const ShardMember&) = delete;
  virtual ~ShardMember() = default;

  // The owner of the link.
  static ShardMember& Of(TimeoutLink& link) { return static_cast<ShardMember&>(link); }

  // The timeout of its list has expired.
  virtual void OnTimeout() noexcept = 0;
  // Its turn, after Shard::Requeue. False: it has ended, and is to be destroyed.
  virtual bool Resume() noexcept = 0;
  // In kQueued: the request that has waited longest gets the slot of one that has ended; Resume follows.
  virtual void TakeSlot() noexcept = 0;
  // Makes room for others, unless a request is being served or it has just spoken.
  virtual void Evict() noexcept = 0;
  // It must not be evicted: its client has just spoken, or waits for us.
  virtual bool IsSpared() { return false; }
  // When its present wait began.
  virtual TimePoint WaitsSince() const = 0;

  // The steps of a drain (ShardDrain).
  virtual bool HasGrace() const = 0;           // it waits for a request, and may do so a little longer
  virtual void CloseUnlessSpoken() noexcept = 0;  // closes if it waits for a request without grace
  virtual void RejectQueued() noexcept = 0;    // in kQueued: no slot will come any more
  virtual void ForceClose() noexcept = 0;

  // For the shard: whether it has been requeued. Sets it; returns what it was.
  virtual bool ExchangeRequeued(bool requeued) noexcept = 0;

 protected:
  ShardMember() = default;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SHARD_SHARD_MEMBER_H_
