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
#include <weft/http/internal/http1/response_head_writer.h>
#include <weft/server/internal/arrivals.h>
#include <weft/server/internal/batch.h>
#include <weft/server/internal/connection.h>
#include <weft/server/internal/lending.h>
#include <weft/server/internal/limits.h>
#include <weft/server/internal/loop_drain.h>
#include <weft/server/internal/server_state.h>
#include <weft/server/internal/timeout_list.h>

namespace weft::internal {

class Acceptor;
class Entrance;
class Exchange;

// What one loop has of a server: its connections in lists by state, the buffer into which all of them read, and the exchanges that
// are ready for use. Everything runs on the loop's thread, except where it says otherwise.
class LoopServer {
 public:
  LoopServer(ServerState& shared, Loop& loop, const ServerLimits& share);
  ~LoopServer();  // no connection is left
  LoopServer(const LoopServer&) = delete;
  LoopServer& operator=(const LoopServer&) = delete;

  // From any thread: how many connections are here, or on their way.
  std::int64_t Load() const { return load_.load(std::memory_order_relaxed); }
  void Expect() { load_.fetch_add(1, std::memory_order_relaxed); }
  void Unexpect() { load_.fetch_sub(1, std::memory_order_relaxed); }
  // Takes a connection that is expected, and that ServerState has counted. Without memory for it, it is closed.
  void Adopt(Fd fd, const Peer& peer) noexcept;
  Arrivals& arrivals() { return arrivals_; }

  Error StartAccepting(Entrance& entrance);
  void StopAccepting();

  LoopDrain& drain() { return drain_; }
  // From any thread: requests that have a handler.
  std::uint64_t Requests() const {
    return in_flight_.load(std::memory_order_relaxed) + long_lived_.load(std::memory_order_relaxed);
  }

  // Closes the connection that has been idle longest, to free its descriptor; if none is idle, the one that has taken longest over a
  // head, unless that is short. False if there is none.
  bool EvictIdle();

  // For connections and exchanges.
  ServerState& shared() { return shared_; }
  Loop& loop() { return loop_; }
  const ServerOptions& options() const { return shared_.options; }
  Observer& observer() { return shared_.observer; }
  void TellOutOfMemory(std::string_view peer, int status) noexcept;
  bool draining() const { return drain_.Begun(); }
  bool patience_over() const { return drain_.PatienceOver(); }
  std::uint64_t parent_fiber() const { return parent_fiber_; }
  void SetParentFiber(std::uint64_t id) { parent_fiber_ = id; }
  TimePoint now() const { return loop_.TurnTime(); }
  std::string_view DateLine();

  Batch& batch() { return batch_; }
  // So many connections are seen to in one turn of the loop, when something is to be done with all of them.
  static constexpr int kPiece = 64;
  static constexpr std::size_t kReadBytes = 64 * 1024;
  char* read_buffer() { return read_buffer_.get(); }
  Head& head() { return head_; }

  enum class List { kHeader, kIdle, kQueued, kBusy, kAborting, kClosing, kQuiet };
  TimeoutList& ListOf(List list);
  // The link expires when the list says so, or at `latest` if that is sooner.
  void MoveTo(List list, TimeoutLink& link, TimePoint latest = TimePoint::max());
  void Forget(TimeoutLink& link) { link.Unlink(); }
  // Looks at the lists then, if not sooner.
  void LookAt(TimePoint when) {
    if (when < tick_at_) ArmTick(when);
  }
  // Lets nobody in any more: requests that come are refused.
  void CloseTheDoor() { share_.requests = 0; }

  // Places for requests in flight: the loop's share of the server's limit. One that is given back goes to the request that has
  // waited longest.
  bool TakePlace();
  void TakePlaceAnyway() { Count(in_flight_, 1); }
  void GivePlaceBack();
  bool MayQueue();
  void EnterQueue(TimeoutLink& link) {
    ++waiting_;
    MoveTo(List::kQueued, link);
  }
  void LeaveQueue() { --waiting_; }

  // Places for long-lived requests. Nobody waits for one.
  bool TakeLongLivedPlace();
  void GiveLongLivedPlaceBack() { Count(long_lived_, -1); }
  std::uint64_t long_lived_max() const { return share_.long_lived; }

  // What is ready to be sent and held back while a handler runs: that of this exchange (null: nothing) and of the batch. It is taken
  // back before anything of it is touched; in the meantime the thread beside the loops sends it, if this loop is held.
  void LendHeld(Exchange* exchange) {
    if (exchange == nullptr && !batch_.Keeps()) return;
    lender_ = exchange;
    lending_.Lend();
  }
  void TakeHeldBack() {
    if (lending_.Lent()) [[unlikely]] EndLending();
  }
  void SendForHeldLoop();  // on that thread

  Exchange* TakeExchange() noexcept;  // null: no memory
  void GiveBack(Exchange& exchange);
  // Goes on with the connection when the others of the loop had their turn.
  void Requeue(Connection& connection) noexcept;
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
  // Others only read these, so the loop counts without an atomic step.
  static void Count(std::atomic<std::uint64_t>& counter, int change) {
    counter.store(counter.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(change), std::memory_order_relaxed);
  }
  static void OnTick(LoopTimer* timer);
  static void OnLater(LoopTask* task);
  void MakeRoomToRequeue();
  void EndLending();
  void ArmTick(TimePoint when);
  bool Expire(TimeoutList& list);

  ServerState& shared_;
  Loop& loop_;
  std::atomic<std::int64_t> load_{0};
  std::size_t connections_ = 0;  // that are here
  ServerLimits share_;
  std::atomic<std::uint64_t> in_flight_{0};
  std::uint64_t waiting_ = 0;
  std::atomic<std::uint64_t> long_lived_{0};
  bool full_told_ = false;      // once for each time that places run out
  bool overload_told_ = false;  // and the queue behind them
  std::uint64_t parent_fiber_ = 0;

  Batch batch_{*this};
  std::unique_ptr<char[]> read_buffer_;
  Head head_;
  DateCache date_;

  TimeoutList header_;
  TimeoutList idle_;
  TimeoutList queued_;
  TimeoutList busy_;
  TimeoutList aborting_;
  TimeoutList closing_;
  TimeoutList quiet_;  // closing too, in a drain, with nothing to lose
  Tick tick_{this};
  TimePoint tick_at_ = TimePoint::max();

  std::vector<std::unique_ptr<Exchange>> free_;
  Later later_{this};
  std::vector<Connection*> requeued_;  // null: gone
  std::vector<Connection*> resuming_;  // from resumed_ on: whose turn it is
  std::size_t resumed_ = 0;

  Lending lending_;
  Exchange* lender_ = nullptr;

  std::unique_ptr<Acceptor> acceptor_;
  Arrivals arrivals_{*this};
  LoopDrain drain_{*this};
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_LOOP_SERVER_H_
