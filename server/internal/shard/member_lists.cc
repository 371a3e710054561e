// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/shard/member_lists.h>

#include <algorithm>
#include <chrono>

namespace weft::internal {
namespace {

// After we have closed a connection: how long its client may send nothing without closing its own side.
constexpr Duration kLingerQuiet = std::chrono::seconds(5);
// A quiet connection that the drain has closed: its client loses nothing.
constexpr Duration kQuietLinger = std::chrono::milliseconds(100);
// How often a client is checked that has not yet acknowledged a response that was broken off.
constexpr Duration kAckLook = std::chrono::milliseconds(25);
constexpr int kStartsLookedAt = 32;

}  // namespace

MemberLists::MemberLists(const ServerOptions& options)
    : handshake_(options.handshake_timeout),
      header_(options.header_timeout),
      idle_(options.idle_timeout),
      queued_(options.request_timeout),
      busy_(Duration::max()),
      aborting_(kAckLook),
      closing_(std::min(options.linger_timeout, kLingerQuiet)),
      quiet_(kQuietLinger) {}

TimePoint MemberLists::Earliest() const {
  return std::min({handshake_.Earliest(), header_.Earliest(), idle_.Earliest(), queued_.Earliest(), aborting_.Earliest(), closing_.Earliest(),
                   quiet_.Earliest()});
}

bool MemberLists::ExpireSome(TimePoint now, int piece) {
  bool more = false;
  for (TimeoutList* list : {&handshake_, &header_, &idle_, &queued_, &aborting_, &closing_, &quiet_}) {
    more |= ExpireSomeOf(*list, now, piece);
  }
  return more;
}

bool MemberLists::ExpireSomeOf(TimeoutList& list, TimePoint now, int piece) {
  for (int left = piece; list.First() != nullptr && list.First()->expiry <= now; --left) {
    if (left == 0) return true;
    ShardMember::Of(*list.First()).OnTimeout();
  }
  return false;
}

ShardMember* MemberLists::SlowestStart() const {
  ShardMember* slowest = MemberOf(header_.First());
  // Handshakes are in the order in which they were accepted; one that has just got its reply may be before silent ones.
  TimeoutLink* link = handshake_.First();
  for (int left = kStartsLookedAt; link != nullptr && left > 0; --left, link = handshake_.After(*link)) {
    ShardMember& member = ShardMember::Of(*link);
    if (slowest != nullptr && slowest->WaitsSince() <= member.WaitsSince()) continue;
    if (!member.IsSpared()) slowest = &member;
  }
  return slowest;
}

// First those that are over: their clients have received all or most of their last response.
ShardMember* MemberLists::LeastMissed() const {
  for (const TimeoutList* list : {&quiet_, &closing_, &aborting_, &idle_}) {
    if (TimeoutLink* longest = list->First()) return MemberOf(longest);
  }
  return nullptr;
}

}  // namespace weft::internal
