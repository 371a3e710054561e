// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_SHARD_SHARD_DRAIN_H_
#define WEFT_SERVER_INTERNAL_SHARD_SHARD_DRAIN_H_

#include <atomic>
#include <chrono>
#include <cstddef>

#include <weft/concurrency/context.h>
#include <weft/concurrency/loop.h>
#include <weft/server/internal/server_state.h>
#include <weft/server/internal/shard/in_flight.h>
#include <weft/server/internal/shard/live_request.h>
#include <weft/server/internal/shard/member_lists.h>
#include <weft/server/internal/shard/timeout_list.h>

namespace weft::internal {

// The steps of a loop in a drain, one after the other (Drain).
enum class DrainStep : int {
  kServe,
  kBegin,       // no new connections, quiet ones are closed, responses say close
  kCancel,      // the drain timeout has expired: contexts of requests are canceled
  kForceClose,  // nothing more is sent or received
  kReport,      // and after that: requests whose handlers do not end are named, every time
};

// A loop's part in a drain. Any thread says how far to go; the steps are taken on the loop, one after the
// other. A step visits connections or requests in pieces, one piece in each turn of the loop, because there may
// be a hundred thousand. Everything except the atomics belongs to the loop.
class ShardDrain {
 public:
  // Whose part it is.
  class Host {
   public:
    virtual void StopAccepting() = 0;
    // Calls OnTime then, if not sooner.
    virtual void LookAt(TimePoint when) = 0;

   protected:
    ~Host() = default;
  };

  ShardDrain(ServerState& server, Loop& loop, MemberLists& members, LiveRequests& requests, InFlight& slots, Host& host);
  ShardDrain(const ShardDrain&) = delete;
  ShardDrain& operator=(const ShardDrain&) = delete;

  // How long a drain waits for clients to close their side, which should end soon.
  static constexpr Duration kLinger = std::chrono::seconds(1);
  // How many are visited in one turn of the loop, when something must be done with all of them.
  static constexpr int kPiece = 64;

  // From any thread: has the loop take the steps of the drain up to this one when it comes to it. What
  // needs no loop happens at once: Request::Draining() is done.
  void GoTo(DrainStep step);
  // From any thread: whether the loop has finished this step.
  bool HasTaken(DrainStep step) const { return taken_.load(std::memory_order_acquire) >= step; }

  const Context& Draining() const { return scope_.ctx; }
  bool Begun() const { return begun_; }
  TimePoint BeganAt() const { return began_at_; }
  // Requests that begin now are canceled at once.
  bool TimeoutOver() const { return timeout_over_; }

  // Checks the quiet connections once more at this time, if not sooner: they may have no grace left then.
  void LookAtQuietOnes(TimePoint when);
  TimePoint NextLook() const { return grace_end_; }
  void OnTime(TimePoint now);

 private:
  struct Steps : LoopTask {
    explicit Steps(ShardDrain* d) : LoopTask(&ShardDrain::OnSteps), drain(d) {}
    ShardDrain* drain;
  };
  struct Further : LoopTask {
    explicit Further(ShardDrain* d) : LoopTask(&ShardDrain::OnFurther), drain(d) {}
    ShardDrain* drain;
    bool posted = false;
  };
  static void OnSteps(LoopTask* task);
  static void OnFurther(LoopTask* task);
  void TakeSteps();
  bool BeginStep();
  void Enter(DrainStep step);
  void EndStep();
  bool WalkOn();
  void Visit(LiveRequest& request);
  void Visit(ShardMember& member);

  ServerState& server_;
  Loop& loop_;
  MemberLists& members_;
  LiveRequests& requests_;
  InFlight& slots_;
  Host& host_;
  CancelScope scope_;
  Steps steps_{this};
  Further further_{this};
  std::atomic<DrainStep> wanted_{DrainStep::kServe};
  std::atomic<DrainStep> taken_{DrainStep::kServe};
  std::atomic<bool> steps_posted_{false};

  bool begun_ = false;
  bool timeout_over_ = false;
  bool report_due_ = false;
  bool grace_over_ = false;
  TimePoint began_at_;
  TimePoint forced_at_;
  TimePoint grace_end_ = TimePoint::max();

  // The step that is being taken; kServe: none.
  DrainStep step_ = DrainStep::kServe;
  bool once_more_ = false;                // kBegin again, for those whose grace may be over
  bool grace_left_ = false;               // some connection has
  std::size_t lists_ = 0;                 // that are finished, except for those in waiting_
  TimeoutList waiting_{Duration::max()};  // of the last one: connections that were not visited yet
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_SHARD_SHARD_DRAIN_H_
