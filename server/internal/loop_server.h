// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_LOOP_SERVER_H_
#define WEFT_SERVER_INTERNAL_LOOP_SERVER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/loop.h>
#include <weft/server/internal/batch.h>
#include <weft/server/internal/connection.h>
#include <weft/server/internal/limits.h>
#include <weft/server/internal/server_state.h>
#include <weft/server/internal/timeout_list.h>
#include <weft/server/internal/wire/response_head.h>

namespace weft::internal {

class Exchange;

// What one loop has of a server: its connections in lists by state, the buffer into which all of them read, and the exchanges that
// are ready for use. Everything runs on the loop's thread, except where it says otherwise.
class LoopServer {
 public:
  LoopServer(ServerState& shared, Loop& loop, const ServerLimits& share);
  ~LoopServer();  // no connection is left
  LoopServer(const LoopServer&) = delete;
  LoopServer& operator=(const LoopServer&) = delete;

  // From any thread: gives the loop a connection that was counted by ServerState::ConnectionOpened.
  void Adopt(Fd fd, const Peer& peer);
  // From any thread: how many connections are or will be here.
  std::int64_t Load() const { return load_.load(std::memory_order_relaxed); }

  // The steps of the drain.
  void BeginDrain();
  void CancelRequests();
  void CutOff();
  void ReportStuck(Duration since);

  struct Counts {
    std::uint64_t connections = 0;
    std::uint64_t requests = 0;
  };
  Counts Count() const;
  // Names of the requests that were cut off, the first few.
  const std::vector<std::string>& CutOffNames() const { return cut_off_; }
  std::uint64_t CutOffCount() const { return cut_off_count_; }

  // Closes the connection that has been idle longest, to free its descriptor; if none is idle, the one that has taken longest over a
  // head, unless that is short. False if there is none.
  bool EvictIdle();

  // For connections and exchanges.
  ServerState& shared() { return shared_; }
  Loop& loop() { return loop_; }
  const ServerOptions& options() const { return shared_.options; }
  Observer& observer() { return shared_.observer; }
  bool draining() const { return draining_; }
  bool patience_over() const { return patience_over_; }
  TimePoint drain_begin() const { return drain_begin_; }
  const Context& draining_context() const { return drain_scope_.ctx; }
  std::uint64_t parent_fiber() const { return parent_fiber_; }
  void SetParentFiber(std::uint64_t id) { parent_fiber_ = id; }
  TimePoint now() const { return loop_.TurnTime(); }
  std::string_view DateLine();

  Batch& batch() { return batch_; }
  static constexpr std::size_t kReadBytes = 64 * 1024;
  char* read_buffer() { return read_buffer_.get(); }
  Head& head() { return head_; }

  enum class List { kHeader, kIdle, kQueued, kBusy, kClosing };
  void MoveTo(List list, TimeoutLink& link);
  void Forget(TimeoutLink& link) { link.Unlink(); }

  // Places for requests in flight: the loop's share of the server's limit. One that is given back goes to the request that has
  // waited longest.
  bool TakePlace();
  void TakePlaceAnyway() { ++in_flight_; }
  void GivePlaceBack();
  bool MayQueue();
  void EnterQueue(TimeoutLink& link) {
    ++waiting_;
    MoveTo(List::kQueued, link);
  }
  void LeaveQueue() { --waiting_; }

  // Places for long-lived requests. Nobody waits for one.
  bool TakeLongLivedPlace();
  void GiveLongLivedPlaceBack() { --long_lived_; }
  std::uint64_t long_lived_max() const { return share_.long_lived; }

  Exchange& TakeExchange();
  void GiveBack(Exchange& exchange);
  // Goes on with the connection when the others of the loop had their turn.
  void Requeue(Connection& connection);
  void ConnectionGone(Connection& connection);

 private:
  struct Tick : LoopTimer {
    explicit Tick(LoopServer* s) : LoopTimer(&LoopServer::OnTick), server(s) {}
    LoopServer* server;
  };
  struct Later : LoopTask {
    explicit Later(LoopServer* s) : LoopTask(&LoopServer::OnLater), server(s) {}
    LoopServer* server;
    bool posted = false;
  };
  static void OnTick(LoopTimer* timer);
  static void OnLater(LoopTask* task);
  void ArmTick(TimePoint when);
  TimeoutList& ListOf(List list);
  void Expire(TimeoutList& list);
  void ShedQuietConnections();
  template <class F>
  void ForEachIn(TimeoutList& list, F see);

  ServerState& shared_;
  Loop& loop_;
  std::atomic<std::int64_t> load_{0};
  CancelScope drain_scope_;
  const ServerLimits share_;
  std::uint64_t in_flight_ = 0;
  std::uint64_t waiting_ = 0;
  std::uint64_t long_lived_ = 0;
  bool full_told_ = false;      // once for each time that places run out
  bool overload_told_ = false;  // and the queue behind them
  bool draining_ = false;
  bool patience_over_ = false;  // requests that begin now are canceled at once
  TimePoint drain_begin_;
  std::uint64_t parent_fiber_ = 0;

  Batch batch_{*this};
  std::unique_ptr<char[]> read_buffer_;
  Head head_;
  DateCache date_;

  TimeoutList header_;
  TimeoutList idle_;
  TimeoutList queued_;
  TimeoutList busy_;
  TimeoutList closing_;
  Tick tick_{this};
  TimePoint tick_at_ = TimePoint::max();
  TimePoint grace_end_ = TimePoint::max();  // when the drain looks at quiet connections again

  std::vector<std::unique_ptr<Exchange>> free_;
  Later later_{this};
  std::vector<Connection*> requeued_;
  std::vector<std::string> cut_off_;
  std::uint64_t cut_off_count_ = 0;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_LOOP_SERVER_H_
