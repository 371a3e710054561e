// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SHARD_MEMBER_LISTS_H_
#define WEFT_SERVER_INTERNAL_SHARD_MEMBER_LISTS_H_

#include <weft/concurrency/clock.h>
#include <weft/server/internal/shard/shard_member.h>
#include <weft/server/internal/shard/timeout_list.h>
#include <weft/server/options.h>

namespace weft::internal {

// The members of a shard, by what they wait for. Within a list all wait equally long.
class MemberLists {
 public:
  enum class List {
    kHandshake,  // the next message of a TLS handshake
    kHeader,     // the head of a request
    kIdle,       // the next request
    kQueued,     // a slot
    kBusy,       // their handlers; without a timeout
    kAborting,   // the client's acknowledgement, before a reset
    kClosing,    // the client's side to close
    kQuiet,      // that too, in a drain, with nothing to lose
  };

  explicit MemberLists(const ServerOptions& options);
  MemberLists(const MemberLists&) = delete;
  MemberLists& operator=(const MemberLists&) = delete;

  TimeoutList& Of(List list) {
    switch (list) {
      case List::kHandshake: return handshake_;
      case List::kHeader: return header_;
      case List::kIdle: return idle_;
      case List::kQueued: return queued_;
      case List::kAborting: return aborting_;
      case List::kClosing: return closing_;
      case List::kQuiet: return quiet_;
      case List::kBusy: break;
    }
    return busy_;
  }
  // Into kBusy, whose members never expire.
  void AddBusy(ShardMember& member) {
    busy_.AddBack(member);
    member.expiry = TimePoint::max();
  }
  // When the first one of all expires.
  TimePoint Earliest() const;
  // Calls OnTimeout of those that have expired, up to `piece` of each list. True: more are due.
  bool ExpireSome(TimePoint now, int piece);
  // The one whose end does the least harm: it is over already, or has been idle longest. Null: none of these.
  ShardMember* LeastMissed() const;
  // Of those that arrived first, the one whose handshake or head has taken longest and that is not spared; null: none.
  ShardMember* SlowestStart() const;

 private:
  static ShardMember* MemberOf(TimeoutLink* link) { return link != nullptr ? &ShardMember::Of(*link) : nullptr; }
  static bool ExpireSomeOf(TimeoutList& list, TimePoint now, int piece);

  TimeoutList handshake_;
  TimeoutList header_;
  TimeoutList idle_;
  TimeoutList queued_;
  TimeoutList busy_;
  TimeoutList aborting_;
  TimeoutList closing_;
  TimeoutList quiet_;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SHARD_MEMBER_LISTS_H_
