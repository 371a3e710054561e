// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SHARD_SHARD_H_
#define WEFT_SERVER_INTERNAL_SHARD_SHARD_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string_view>
#include <vector>

#include <weft/concurrency/loop.h>
#include <weft/http/internal/http1/response_head_writer.h>
#include <weft/server/internal/limits.h>
#include <weft/server/internal/server_state.h>
#include <weft/server/internal/shard/in_flight.h>
#include <weft/server/internal/shard/live_request.h>
#include <weft/server/internal/shard/shard_member.h>
#include <weft/server/internal/shard/member_lists.h>
#include <weft/server/internal/shard/shard_drain.h>

namespace weft::internal {

namespace http1 {
struct LoopPart;
}

// The part of a server on one loop, whatever its clients speak: it owns the connections, keeps them in lists by
// what they wait for, counts and queues requests, and takes part in a drain. Protocols are built on top of it.
//
// Everything runs on the loop's thread, except where it says otherwise.
class Shard : private ShardDrain::Host {
 public:
  using List = MemberLists::List;

  // What accepts its connections.
  class Accepting {
   public:
    virtual void StopAccepting() = 0;

   protected:
    ~Accepting() = default;
  };

  Shard(ServerState& server, Loop& loop, const ServerLimits& share, Accepting& accepting);
  ~Shard();  // no member is left
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  ServerState& server() { return server_; }
  Loop& loop() { return loop_; }
  const ServerOptions& options() const { return server_.options; }
  Observer& observer() { return server_.observer; }
  TimePoint now() const { return loop_.TurnTime(); }
  InFlight& slots() { return slots_; }
  LiveRequests& requests() { return requests_; }
  ShardDrain& drain() { return drain_; }
  bool draining() const { return drain_.Begun(); }

  // The "Date: ..." line of this second.
  std::string_view DateLine() { return date_.LineAt(std::time(nullptr)); }
  // A buffer for any code that reads on this loop and does not wait between the read and the use.
  static constexpr std::size_t kReadBytes = 64 * 1024;
  char* read_buffer() { return read_buffer_.get(); }
  // The memory in which a response collects its body, with room for the framing around it. Responses that may wait for long return
  // theirs, so that thousands of them share a few.
  static constexpr std::size_t kBodyBytes = 4096;
  static constexpr std::size_t kBodyFraming = 32;  // before it, and after it
  std::unique_ptr<char[]> TakeBodyBuffer() {
    if (spare_body_buffer_ != nullptr) return std::move(spare_body_buffer_);
    return std::unique_ptr<char[]>(new char[kBodyFraming + kBodyBytes + kBodyFraming]);
  }
  void GiveBodyBuffer(std::unique_ptr<char[]> buffer) noexcept { spare_body_buffer_ = std::move(buffer); }
  // The protocol's own part on this loop; only its connections use it.
  http1::LoopPart& http1_part() { return *http1_part_; }
  void SetPart(http1::LoopPart& part) { http1_part_ = &part; }
  // The fiber under which those of requests are listed.
  std::uint64_t parent_fiber() const { return parent_fiber_; }
  void SetParentFiber(std::uint64_t id) { parent_fiber_ = id; }
  // Reports that there was no memory; status 0: the client got no response.
  void ReportOutOfMemory(std::string_view peer, int status) noexcept;

  // Takes a member that ServerState has counted. If it throws std::bad_alloc, the member is destroyed, and the
  // caller must correct the count.
  ShardMember& Admit(std::unique_ptr<ShardMember> member);
  // Puts it at the end of a list. It expires when the list says so, or at `latest` if that is sooner.
  void Place(List list, ShardMember& member, TimePoint latest = TimePoint::max()) {
    member.expiry = std::min(lists_.Of(list).Add(member, now()), latest);
    if (draining()) [[unlikely]] PlacedInDrain(list, member);
    if (member.expiry < tick_at_) ArmTick(member.expiry);
  }
  void PlaceBusy(ShardMember& member) { lists_.AddBusy(member); }
  // Place, for the list to which each connection returns after a request: inlined, for this one list.
  [[gnu::always_inline]] void PlaceIdle(ShardMember& member) {
    member.expiry = lists_.Of(List::kIdle).Add(member, now());
    if (draining()) [[unlikely]] PlacedInDrain(List::kIdle, member);
    if (member.expiry < tick_at_) ArmTick(member.expiry);
  }
  // Calls its Resume when the others of the loop have had their turn. At most once until then.
  void Requeue(ShardMember& member) noexcept;
  // Ends the connection whose end does the least harm, to free its descriptor; if there is none, the one whose
  // head has taken longest, unless that is not long. False if there is none.
  bool EvictOne();

  // From any thread: how many members are here, or on their way.
  std::int64_t Load() const { return load_.load(std::memory_order_relaxed); }
  void Expect() { load_.fetch_add(1, std::memory_order_relaxed); }
  void Unexpect() { load_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  struct Tick : LoopTimer {
    explicit Tick(Shard* s) : LoopTimer(&Shard::OnTick), shard(s) {}
    Shard* shard;
  };
  struct Later : LoopTask {
    explicit Later(Shard* s) : LoopTask(&Shard::OnLater), shard(s) {}
    Shard* shard;
    bool posted = false;
  };
  static void OnTick(LoopTimer* timer);
  static void OnLater(LoopTask* task);
  void StopAccepting() override { accepting_.StopAccepting(); }
  void LookAt(TimePoint when) override {
    if (when < tick_at_) ArmTick(when);
  }
  void PlacedInDrain(List list, ShardMember& member);
  void ArmTick(TimePoint when);
  void Dismiss(ShardMember& member) noexcept;

  ServerState& server_;
  Loop& loop_;
  Accepting& accepting_;
  std::atomic<std::int64_t> load_{0};
  std::size_t members_ = 0;  // that are here
  std::uint64_t parent_fiber_ = 0;
  http1::LoopPart* http1_part_ = nullptr;
  std::unique_ptr<char[]> read_buffer_;
  std::unique_ptr<char[]> spare_body_buffer_;
  DateCache date_;

  MemberLists lists_;
  InFlight slots_;
  LiveRequests requests_;
  ShardDrain drain_;
  Tick tick_{this};
  TimePoint tick_at_ = TimePoint::max();

  Later later_{this};
  std::vector<ShardMember*> requeued_;
  std::vector<ShardMember*> resuming_;  // from resumed_ on: whose turn it is
  std::size_t resumed_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SHARD_SHARD_H_
