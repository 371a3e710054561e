// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/loop_server.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include <weft/server/internal/exchange.h>

namespace weft::internal {
namespace {

// How long a connection that we have closed may take to close its own side.
constexpr Duration kLinger = std::chrono::milliseconds(500);
// The same during a drain, which should end soon.
constexpr Duration kDrainLinger = std::chrono::milliseconds(100);
// Warm exchanges that are kept.
constexpr std::size_t kExchangesKept = 256;
constexpr std::size_t kNamesMax = 8;
// What a client has for its head before its connection may be taken for another one that waits.
constexpr Duration kTimeToSpeak = std::chrono::seconds(1);

// A connection on its way to its loop.
struct Handover : LoopTask {
  Handover(LoopServer& s, Fd f, const Peer& p) : LoopTask(&Arrive), server(s), fd(std::move(f)), peer(p) {}
  static void Arrive(LoopTask* task) {
    const std::unique_ptr<Handover> self(static_cast<Handover*>(task));
    auto* connection = new Connection(self->server, std::move(self->fd), self->peer, self->server.now());
    connection->Open();
  }
  LoopServer& server;
  Fd fd;
  Peer peer;
};

}  // namespace

LoopServer::LoopServer(ServerState& shared, Loop& loop, const ServerLimits& share)
    : shared_(shared),
      loop_(loop),
      drain_scope_(WithCancel(shared.values)),
      share_(share),
      read_buffer_(new char[kReadBytes]),
      header_(shared.options.header_timeout),
      idle_(shared.options.idle_timeout),
      queued_(shared.options.request_timeout),
      busy_(Duration::max()),
      closing_(kLinger) {}

LoopServer::~LoopServer() { loop_.Disarm(tick_); }

void LoopServer::Adopt(Fd fd, const Peer& peer) {
  load_.fetch_add(1, std::memory_order_relaxed);
  auto* handover = new Handover(*this, std::move(fd), peer);
  if (Loop::Current() == &loop_) {
    Handover::Arrive(handover);
  } else {
    loop_.Post(*handover);
  }
}

void LoopServer::ConnectionGone(Connection& connection) {
  std::erase(requeued_, &connection);
  delete &connection;
  load_.fetch_sub(1, std::memory_order_relaxed);
  shared_.ConnectionClosed();
}

std::string_view LoopServer::DateLine() { return date_.LineAt(std::time(nullptr)); }

TimeoutList& LoopServer::ListOf(List list) {
  switch (list) {
    case List::kHeader: return header_;
    case List::kIdle: return idle_;
    case List::kQueued: return queued_;
    case List::kClosing: return closing_;
    case List::kBusy: break;
  }
  return busy_;
}

void LoopServer::MoveTo(List list, TimeoutLink& link) {
  TimePoint expiry = ListOf(list).Add(link, now());
  if (list == List::kClosing && draining_) expiry = std::min(expiry, now() + kDrainLinger);
  link.expiry = expiry;
  if (expiry < tick_at_) ArmTick(expiry);
  if (draining_ && (list == List::kHeader || list == List::kIdle)) {
    grace_end_ = std::min(grace_end_, now() + options().first_byte_grace);
    ArmTick(std::min(tick_at_, grace_end_));
  }
}

void LoopServer::ArmTick(TimePoint when) {
  tick_at_ = when;
  if (when == TimePoint::max()) {
    loop_.Disarm(tick_);
  } else {
    loop_.Arm(tick_, when);
  }
}

// The lists move on with every request, the timer does not: it looks when the first one could have expired, and again then.
void LoopServer::OnTick(LoopTimer* timer) {
  LoopServer* self = static_cast<Tick*>(timer)->server;
  self->tick_at_ = TimePoint::max();
  self->Expire(self->header_);
  self->Expire(self->idle_);
  self->Expire(self->queued_);
  self->Expire(self->closing_);
  if (self->grace_end_ <= self->now()) self->ShedQuietConnections();
  self->ArmTick(std::min({self->header_.Earliest(), self->idle_.Earliest(), self->queued_.Earliest(), self->closing_.Earliest(), self->grace_end_}));
}

void LoopServer::Expire(TimeoutList& list) {
  while (list.First() != nullptr && list.First()->expiry <= now()) {
    static_cast<Connection::Link*>(list.First())->connection->OnTimeout();
  }
}

// The call may take the link out of its list, but no other one: the next is taken before.
template <class F>
void LoopServer::ForEachIn(TimeoutList& list, F see) {
  for (TimeoutLink* link = list.First(); link != nullptr;) {
    TimeoutLink* next = list.Next(*link);
    see(*static_cast<Connection::Link*>(link)->connection);
    link = next;
  }
}

void LoopServer::BeginDrain() {
  draining_ = true;
  drain_begin_ = now();
  drain_scope_.cancel(kServerClosing);
  // Those that are closing already have less time from now on.
  for (TimeoutLink* link = closing_.First(); link != nullptr; link = closing_.Next(*link)) {
    link->expiry = std::min(link->expiry, now() + kDrainLinger);
  }
  ArmTick(std::min(tick_at_, now() + kDrainLinger));
  ShedQuietConnections();
}

// Closes the connections that have nothing to say, and comes back for those that still have a grace.
void LoopServer::ShedQuietConnections() {
  grace_end_ = TimePoint::max();
  ForEachIn(idle_, [](Connection& connection) { connection.CloseUnlessSpoken(); });
  ForEachIn(header_, [](Connection& connection) { connection.CloseUnlessSpoken(); });
  bool quiet = idle_.First() != nullptr;
  ForEachIn(header_, [&](Connection& connection) { quiet = quiet || connection.state() == Connection::State::kFresh; });
  if (!quiet) return;
  // A few looks within the grace cost less than an order of their own for those few connections.
  grace_end_ = now() + std::max<Duration>(options().first_byte_grace / 4, std::chrono::milliseconds(1));
  ArmTick(std::min(tick_at_, grace_end_));
}

void LoopServer::CancelRequests() {
  patience_over_ = true;
  ForEachIn(queued_, [](Connection& connection) { connection.Overloaded(); });
  ForEachIn(busy_, [](Connection& connection) { connection.exchange()->Cancel(kServerClosing); });
}

void LoopServer::CutOff() {
  ForEachIn(busy_, [this](Connection& connection) {
    ++cut_off_count_;
    if (cut_off_.size() < kNamesMax) cut_off_.push_back(connection.exchange()->Name() + " from " + connection.PeerName());
  });
  for (TimeoutList* list : {&header_, &idle_, &queued_, &busy_, &closing_}) {
    ForEachIn(*list, [](Connection& connection) { connection.CutOff(); });
  }
}

void LoopServer::ReportStuck(Duration since) {
  ForEachIn(busy_, [&](Connection& connection) {
    const Exchange& exchange = *connection.exchange();
    if (!exchange.Serving()) return;
    observer().OnHandlerStuck({exchange.Name(), connection.PeerName(), exchange.request().Method(), exchange.request().Target(), since});
  });
}

LoopServer::Counts LoopServer::Count() const {
  Counts counts;
  counts.connections = static_cast<std::uint64_t>(load_.load(std::memory_order_relaxed));
  for (TimeoutLink* link = busy_.First(); link != nullptr; link = busy_.Next(*link)) ++counts.requests;
  return counts;
}

bool LoopServer::EvictIdle() {
  if (TimeoutLink* longest = idle_.First()) {
    static_cast<Connection::Link*>(longest)->connection->Evict();
    return true;
  }
  // Nobody is idle. Those who have come but do not say what they want would keep everybody else out for the whole header_timeout.
  TimeoutLink* slowest = header_.First();
  if (slowest == nullptr) return false;
  Connection& connection = *static_cast<Connection::Link*>(slowest)->connection;
  if (now() - connection.since() < std::min(kTimeToSpeak, options().header_timeout / 4)) return false;
  connection.Evict();
  return true;
}

bool LoopServer::TakePlace() {
  if (in_flight_ < share_.requests) {
    ++in_flight_;
    return true;
  }
  if (!std::exchange(full_told_, true)) observer().OnLimitReached({"", LimitKind::kRequests, share_.requests});
  return false;
}

void LoopServer::GivePlaceBack() {
  TimeoutLink* next = queued_.First();
  if (next == nullptr || in_flight_ > share_.requests) {
    --in_flight_;
    full_told_ = false;
    overload_told_ = false;
    return;
  }
  Connection* connection = static_cast<Connection::Link*>(next)->connection;
  next->Unlink();
  --waiting_;
  connection->TakeOverPlace();
  Requeue(*connection);
}

bool LoopServer::TakeLongLivedPlace() {
  if (long_lived_ >= share_.long_lived) return false;
  ++long_lived_;
  return true;
}

bool LoopServer::MayQueue() {
  if (waiting_ < share_.queued_requests) return true;
  if (!std::exchange(overload_told_, true)) {
    observer().OnLimitReached({"", LimitKind::kQueuedRequests, share_.queued_requests});
  }
  return false;
}

Exchange& LoopServer::TakeExchange() {
  if (free_.empty()) return *new Exchange(*this);
  Exchange* exchange = free_.back().release();
  free_.pop_back();
  return *exchange;
}

void LoopServer::GiveBack(Exchange& exchange) {
  if (free_.size() < kExchangesKept) {
    free_.emplace_back(&exchange);
  } else {
    delete &exchange;
  }
}

void LoopServer::Requeue(Connection& connection) {
  if (connection.NoteRequeued()) return;
  requeued_.push_back(&connection);
  if (later_.posted) return;
  later_.posted = true;
  loop_.Post(later_);
}

void LoopServer::OnLater(LoopTask* task) {
  auto* later = static_cast<Later*>(task);
  LoopServer* self = later->server;
  later->posted = false;
  // One at a time: a connection may take others out, or come back itself for the next turn.
  for (std::size_t count = self->requeued_.size(); count > 0 && !self->requeued_.empty(); --count) {
    Connection* connection = self->requeued_.front();
    self->requeued_.erase(self->requeued_.begin());
    connection->Resume();
  }
}

}  // namespace weft::internal
