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
      share_(share),
      read_buffer_(new char[kReadBytes]),
      header_(shared.options.header_timeout),
      idle_(shared.options.idle_timeout),
      queued_(shared.options.request_timeout),
      busy_(Duration::max()),
      aborting_(kAckLook),
      closing_(std::min(shared.options.linger_timeout, kLingerQuiet)),
      quiet_(kQuietLinger) {
  free_.reserve(kExchangesKept);
}

LoopServer::~LoopServer() { loop_.Disarm(tick_); }

Error LoopServer::StartAccepting(Entrance& entrance) {
  acceptor_ = std::make_unique<Acceptor>(entrance, loop_);
  return acceptor_->Start();
}

void LoopServer::StopAccepting() { acceptor_.reset(); }

void LoopServer::Adopt(Fd fd, const Peer& peer) noexcept {
  Connection* connection = nullptr;
  try {
    MakeRoomToRequeue();
    connection = new Connection(*this, std::move(fd), peer, now());
  } catch (const std::bad_alloc&) {
    Unexpect();
    shared_.ConnectionClosed();
    TellOutOfMemory({}, 0);
    return;
  }
  ++connections_;
  connection->Guard([](Connection& self) { self.Open(); });
}

void LoopServer::TellOutOfMemory(std::string_view peer, int status) noexcept {
  try {
    observer().OnOutOfMemory({peer, status});
  } catch (const std::bad_alloc&) {  // not even for that
  }
}

void LoopServer::ConnectionGone(Connection& connection) {
  if (connection.Requeued()) {
    for (std::vector<Connection*>* list : {&requeued_, &resuming_}) {
      std::replace(list->begin(), list->end(), &connection, static_cast<Connection*>(nullptr));
    }
  }
  delete &connection;
  if (--connections_ == 0) {  // nothing of this is on its way when the server ends
    requeued_.clear();
    resuming_.clear();
    resumed_ = 0;
  }
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
  if (list == List::kClosing && draining()) expiry = std::min(expiry, now() + LoopDrain::kLinger);
  link.expiry = expiry;
  if (expiry < tick_at_) ArmTick(expiry);
  if (draining() && (list == List::kHeader || list == List::kIdle)) drain_.LookAtQuietOnes(now() + options().first_byte_grace);
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
  bool more = false;
  for (TimeoutList* list : {&self->header_, &self->idle_, &self->queued_, &self->aborting_, &self->closing_, &self->quiet_}) {
    more |= self->Expire(*list);
  }
  self->drain_.OnTime(self->now());
  // The rest comes when others of the loop had their turn: not with the timers that are due now.
  const TimePoint soonest = more ? self->now() + Duration(1) : TimePoint::min();
  const TimePoint next = std::min({self->header_.Earliest(), self->idle_.Earliest(), self->queued_.Earliest(), self->aborting_.Earliest(),
                                   self->closing_.Earliest(), self->quiet_.Earliest(), self->drain_.NextLook()});
  self->ArmTick(std::max(soonest, next));
}

// Some at a time: a hundred thousand that expire at once come in many turns of the loop. True: more are due.
bool LoopServer::Expire(TimeoutList& list) {
  for (int left = kPiece; list.First() != nullptr && list.First()->expiry <= now(); --left) {
    if (left == 0) return true;
    static_cast<Connection::Link*>(list.First())->connection->Guard([](Connection& connection) { connection.OnTimeout(); });
  }
  return false;
}

bool LoopServer::EvictIdle() {
  // First those that are over: their clients have had all or most of their last response.
  for (TimeoutList* list : {&quiet_, &closing_, &aborting_, &idle_}) {
    if (TimeoutLink* longest = list->First()) {
      static_cast<Connection::Link*>(longest)->connection->Guard([](Connection& connection) { connection.Evict(); });
      return true;
    }
  }
  // Nobody is idle. Those who have come but do not say what they want would keep everybody else out for the whole header_timeout.
  TimeoutLink* slowest = header_.First();
  if (slowest == nullptr) return false;
  Connection& connection = *static_cast<Connection::Link*>(slowest)->connection;
  if (now() - connection.since() < std::min(kTimeToSpeak, options().header_timeout / 4)) return false;
  connection.Guard([](Connection& self) { self.Evict(); });
  return true;
}

bool LoopServer::TakePlace() {
  if (in_flight_.load(std::memory_order_relaxed) < share_.requests) {
    Count(in_flight_, 1);
    return true;
  }
  if (share_.requests != 0 && !std::exchange(full_told_, true)) observer().OnLimitReached({"", LimitKind::kRequests, share_.requests});
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

Exchange* LoopServer::TakeExchange() noexcept {
  if (free_.empty()) {
    try {
      return new Exchange(*this);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  Exchange* exchange = free_.back().release();
  free_.pop_back();
  return exchange;
}

void LoopServer::GiveBack(Exchange& exchange) {
  if (free_.size() < kExchangesKept) {
    free_.emplace_back(&exchange);
  } else {
    delete &exchange;
  }
}

// So that Requeue needs no memory: both lists have room for every connection, beside what is left of those that are gone.
void LoopServer::MakeRoomToRequeue() {
  const std::size_t needed = requeued_.size() + connections_ + 1;
  for (std::vector<Connection*>* list : {&requeued_, &resuming_}) {
    if (list->capacity() < needed) list->reserve(2 * needed);
  }
}

void LoopServer::Requeue(Connection& connection) noexcept {
  if (connection.NoteRequeued()) return;
  requeued_.push_back(&connection);
  if (std::exchange(later_.posted, true)) return;
  loop_.Post(later_);
}

// A connection may take others out, or come back itself, for another turn.
void LoopServer::OnLater(LoopTask* task) {
  auto* later = static_cast<Later*>(task);
  LoopServer& self = *later->server;
  later->posted = false;
  if (self.resumed_ == self.resuming_.size()) {
    self.resuming_.clear();
    self.resuming_.swap(self.requeued_);
    self.resumed_ = 0;
  }
  for (int left = kPiece; left > 0 && self.resumed_ < self.resuming_.size(); --left) {
    Connection* connection = self.resuming_[self.resumed_++];
    if (connection != nullptr) connection->Guard([](Connection& its) { its.Resume(); });
  }
  const bool more = self.resumed_ < self.resuming_.size() || !self.requeued_.empty();
  if (more && !std::exchange(later->posted, true)) self.loop_.Post(*later);
}

}  // namespace weft::internal
