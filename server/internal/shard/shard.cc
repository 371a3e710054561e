// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/shard/shard.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <new>
#include <utility>

namespace weft::internal {
namespace {

// How long a client has for its head before its connection may be closed in favor of another one that waits.
constexpr Duration kTimeToSpeak = std::chrono::seconds(1);
// How much a turn of the requeued members may cost, in members that have ended.
constexpr int kTurnOfAll = 8 * ShardDrain::kPiece;

}  // namespace

Shard::Shard(ServerState& server, Loop& loop, const ServerLimits& share, Accepting& accepting)
    : server_(server),
      loop_(loop),
      accepting_(accepting),
      read_buffer_(new char[kReadBytes]),
      lists_(server.options),
      slots_(share, server.observer, lists_.Of(List::kQueued)),
      drain_(server, loop, lists_, requests_, slots_, *this) {}

Shard::~Shard() { loop_.Disarm(tick_); }

void Shard::ReportOutOfMemory(std::string_view peer, int status) noexcept {
  try {
    observer().OnOutOfMemory({peer, status});
  } catch (const std::bad_alloc&) {  // there is no memory even for that
  }
}

ShardMember& Shard::Admit(std::unique_ptr<ShardMember> member) {
  // So that Requeue, which also ends members, needs no memory: both lists have room for all members.
  for (std::vector<ShardMember*>* list : {&requeued_, &resuming_}) {
    if (list->capacity() <= members_) list->reserve(2 * (members_ + 1));
  }
  ++members_;
  return *member.release();
}

void Shard::Dismiss(ShardMember& member) noexcept {
  const std::unique_ptr<ShardMember> owned(&member);
  --members_;
  load_.fetch_sub(1, std::memory_order_relaxed);
  server_.ConnectionClosed();
}

void Shard::PlacedInDrain(List list, ShardMember& member) {
  if (list == List::kClosing) member.expiry = std::min(member.expiry, now() + ShardDrain::kLinger);
  if (list == List::kHandshake || list == List::kHeader || list == List::kIdle) {
    drain_.LookAtQuietOnes(now() + options().first_byte_grace);
  }
}

void Shard::ArmTick(TimePoint when) {
  tick_at_ = when;
  if (when == TimePoint::max()) {
    loop_.Disarm(tick_);
  } else {
    loop_.Arm(tick_, when);
  }
}

// The lists change with every request, the timer does not: it checks when the first one could have
// expired, and then again. In pieces: a hundred thousand that expire at once take many turns.
void Shard::OnTick(LoopTimer* timer) {
  Shard& self = *static_cast<Tick*>(timer)->shard;
  self.tick_at_ = TimePoint::max();
  const bool more = self.lists_.ExpireSome(self.now(), ShardDrain::kPiece);
  self.drain_.OnTime(self.now());
  // The rest follows when others of the loop have had their turn, not with the timers that are due now.
  const TimePoint soonest = more ? self.now() + Duration(1) : TimePoint::min();
  self.ArmTick(std::max(soonest, std::min(self.lists_.Earliest(), self.drain_.NextLook())));
}

bool Shard::EvictOne() {
  if (ShardMember* member = lists_.LeastMissed()) {
    member->Evict();
    return true;
  }
  // No connection is idle. Clients that have connected but send no request would keep all others out for all of header_timeout.
  ShardMember* slowest = lists_.SlowestStart();
  if (slowest == nullptr) return false;
  if (now() - slowest->WaitsSince() < std::min(kTimeToSpeak, options().header_timeout / 4)) return false;
  slowest->Evict();
  return true;
}

void Shard::Requeue(ShardMember& member) noexcept {
  if (member.ExchangeRequeued(true)) return;
  requeued_.push_back(&member);
  if (std::exchange(later_.posted, true)) return;
  loop_.Post(later_);
}

// A member may end, or ask for another turn.
void Shard::OnLater(LoopTask* task) {
  auto* later = static_cast<Later*>(task);
  Shard& self = *later->shard;
  later->posted = false;
  if (self.resumed_ == self.resuming_.size()) {
    self.resuming_.clear();
    self.resuming_.swap(self.requeued_);
    self.resumed_ = 0;
  }
  // Members that have ended cost much less than those with work, and must not keep those waiting.
  for (int left = kTurnOfAll; left > 0 && self.resumed_ < self.resuming_.size();) {
    ShardMember& member = *self.resuming_[self.resumed_++];
    static_cast<void>(member.ExchangeRequeued(false));
    if (member.Resume()) {
      left -= kTurnOfAll / ShardDrain::kPiece;
    } else {
      self.Dismiss(member);
      --left;
    }
  }
  const bool more = self.resumed_ < self.resuming_.size() || !self.requeued_.empty();
  if (more && !std::exchange(later->posted, true)) self.loop_.Post(*later);
}

}  // namespace weft::internal
