// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/loop_server.h>

#include <algorithm>
#include <ctime>
#include <new>
#include <utility>

#include <weft/server/internal/acceptor.h>
#include <weft/server/internal/exchange.h>

namespace weft::internal {
namespace {

// A connection that we have closed: how long its client may send nothing without closing its own side.
constexpr Duration kLingerQuiet = std::chrono::seconds(5);
// How long a drain waits for clients to close their side, which should end soon.
constexpr Duration kDrainLinger = std::chrono::seconds(1);
// A quiet connection that the drain has closed: its client loses nothing.
constexpr Duration kQuietLinger = std::chrono::milliseconds(100);
// How often it is looked whether a client has acknowledged all of a response that is broken off.
constexpr Duration kAckLook = std::chrono::milliseconds(25);
// A turn of which nobody knows when it ends.
constexpr Duration kHeldTurn = std::chrono::milliseconds(20);
// Warm exchanges that are kept.
constexpr std::size_t kExchangesKept = 256;
// What a client has for its head before its connection may be taken for another one that waits.
constexpr Duration kTimeToSpeak = std::chrono::seconds(1);

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
      aborting_(kAckLook),
      closing_(std::min(shared.options.linger_timeout, kLingerQuiet)),
      quiet_(kQuietLinger) {}

LoopServer::~LoopServer() { loop_.Disarm(tick_); }

Error LoopServer::StartAccepting(Entrance& entrance) {
  acceptor_ = std::make_unique<Acceptor>(entrance, loop_);
  return acceptor_->Start();
}

void LoopServer::StopAccepting() { acceptor_.reset(); }

void LoopServer::Adopt(Fd fd, const Peer& peer) noexcept {
  auto* connection = new (std::nothrow) Connection(*this, std::move(fd), peer, now());
  if (connection != nullptr) return connection->Open();
  Unexpect();
  shared_.ConnectionClosed();
  observer().OnOutOfMemory({{}, 0});
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
    case List::kAborting: return aborting_;
    case List::kClosing: return closing_;
    case List::kQuiet: return quiet_;
    case List::kBusy: break;
  }
  return busy_;
}

void LoopServer::MoveTo(List list, TimeoutLink& link, TimePoint latest) {
  TimePoint expiry = std::min(ListOf(list).Add(link, now()), latest);
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
  self->Expire(self->aborting_);
  self->Expire(self->closing_);
  self->Expire(self->quiet_);
  if (self->grace_end_ <= self->now()) self->ShedQuietConnections();
  self->ArmTick(std::min({self->header_.Earliest(), self->idle_.Earliest(), self->queued_.Earliest(), self->aborting_.Earliest(),
                          self->closing_.Earliest(), self->quiet_.Earliest(), self->grace_end_}));
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

void LoopServer::GoTo(DrainStep step) {
  DrainStep before = wanted_.load(std::memory_order_relaxed);
  while (before < step && !wanted_.compare_exchange_weak(before, step, std::memory_order_release)) {
  }
  drain_scope_.cancel(kServerClosing);
  if (!steps_posted_.exchange(true, std::memory_order_acq_rel)) loop_.Post(steps_);
}

void LoopServer::OnSteps(LoopTask* task) {
  LoopServer& self = *static_cast<Steps*>(task)->server;
  self.steps_posted_.store(false, std::memory_order_seq_cst);
  const DrainStep wanted = self.wanted_.load(std::memory_order_acquire);
  const DrainStep taken = self.taken_.load(std::memory_order_relaxed);
  if (taken < DrainStep::kBegin && wanted >= DrainStep::kBegin) self.BeginDrain();
  if (taken < DrainStep::kCancel && wanted >= DrainStep::kCancel) self.CancelRequests();
  if (taken < DrainStep::kCutOff && wanted >= DrainStep::kCutOff) self.CutOff();
  if (wanted >= DrainStep::kReport) self.ReportStuck();
  self.taken_.store(wanted, std::memory_order_release);
}

void LoopServer::BeginDrain() {
  StopAccepting();
  draining_ = true;
  drain_begin_ = now();
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
  cut_at_ = now();
  ForEachIn(busy_, [this](Connection& connection) {
    shared_.NoteCutOff(connection.exchange()->Name() + " from " + connection.PeerName());
  });
  for (TimeoutList* list : {&header_, &idle_, &queued_, &busy_, &aborting_, &closing_, &quiet_}) {
    ForEachIn(*list, [](Connection& connection) { connection.CutOff(); });
  }
}

void LoopServer::ReportStuck() {
  const Duration since = now() - cut_at_ + options().cancel_grace;
  ForEachIn(busy_, [&](Connection& connection) {
    const Exchange& exchange = *connection.exchange();
    if (!exchange.Serving()) return;
    observer().OnHandlerStuck({exchange.Name(), connection.PeerName(), exchange.request().Method(), exchange.request().Target(), since});
  });
}

bool LoopServer::EvictIdle() {
  // First those that are over: their clients have had all or most of their last response.
  for (TimeoutList* list : {&quiet_, &closing_, &aborting_, &idle_}) {
    if (TimeoutLink* longest = list->First()) {
      static_cast<Connection::Link*>(longest)->connection->Evict();
      return true;
    }
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
  if (in_flight_.load(std::memory_order_relaxed) < share_.requests) {
    Count(in_flight_, 1);
    return true;
  }
  if (!std::exchange(full_told_, true)) observer().OnLimitReached({"", LimitKind::kRequests, share_.requests});
  return false;
}

void LoopServer::GivePlaceBack() {
  TimeoutLink* next = queued_.First();
  if (next == nullptr || in_flight_.load(std::memory_order_relaxed) > share_.requests) {
    Count(in_flight_, -1);
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
  if (long_lived_.load(std::memory_order_relaxed) >= share_.long_lived) return false;
  Count(long_lived_, 1);
  return true;
}

bool LoopServer::MayQueue() {
  if (waiting_ < share_.queued_requests) return true;
  if (!std::exchange(overload_told_, true)) {
    observer().OnLimitReached({"", LimitKind::kQueuedRequests, share_.queued_requests});
  }
  return false;
}

void LoopServer::EndLending() {
  if (!lending_.TakeBack()) return;
  if (lender_ != nullptr) lender_->NoteSentFromBeside();
  batch_.NoteSentFromBeside();
}

// A turn that has lasted so long may last for ever.
void LoopServer::SendForHeldLoop() {
  if (loop_.HeldFor() < kHeldTurn || !lending_.Borrow()) return;
  if (lender_ != nullptr) lender_->SendFromBeside();
  batch_.SendFromBeside();
  lending_.Return();
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
