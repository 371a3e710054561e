// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/connection.h>

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include <weft/net/internal/proxy_header.h>
#include <weft/net/internal/socket.h>
#include <weft/server/internal/exchange.h>
#include <weft/server/internal/loop_server.h>

namespace weft::internal {
Connection::Connection(LoopServer& server, Fd fd, const Peer& peer, TimePoint now)
    : FdWatch(&OnEvents), server_(server), since_(now), socket_(std::move(fd)), peer_(peer) {
  link_.connection = this;
  unix_ = peer.Family() == AF_UNIX;
}

void Connection::Open() {
  server_.MoveTo(LoopServer::List::kHeader, link_);
  if (Error err = server_.loop().Add(*this, socket_.Descriptor(), EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET)) {
    // Not watched, so the common way out would take back a watch that does not exist.
    server_.Forget(link_);
    socket_.Close();
    server_.ConnectionGone(*this);
    return;
  }
  const ServerState& shared = server_.shared();
  if (shared.connections_watched) server_.observer().OnConnectionOpened({socket_.Descriptor(), PeerName()});
  if (!shared.proxies.Empty() && shared.proxies.Contains(peer_)) {
    // The way of a head that comes in pieces is the rare one already, so that no request of anybody asks for this.
    partial_ = std::make_unique<PartialHead>();
    awaits_proxy_ = true;
  }
}

// An end of the client is seen to at once, and so is everything in a drain.
bool Connection::MayBeBatched() const {
  return Quiet() && partial_ == nullptr && !fin_ && !broken_ && !server_.draining();
}

void Connection::OnEvents(FdWatch* watch, std::uint32_t events) {
  static_cast<Connection*>(watch)->Guard([events](Connection& self) { self.TakeEvents(events); });
}

void Connection::TakeEvents(std::uint32_t events) {
  if ((events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && !hijacked_)) broken_ = true;
  if ((events & EPOLLRDHUP) != 0) fin_ = true;
  if ((events & EPOLLPRI) != 0) urgent_ = true;
  const bool readable = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (readable) more_ = true;
  switch (state_) {
    case State::kBusy: exchange_->OnEvents(readable, (events & (EPOLLOUT | EPOLLHUP)) != 0 || broken_); break;
    case State::kClosing:
    case State::kAborting:
      if (broken_) Close();
      if (state_ != State::kClosed) ReadToEnd();
      Settle();
      break;
    case State::kQueued:
      // Nothing is read while it waits; but nobody needs to wait for a client that has left.
      if (broken_ || (fin_ && !server_.options().half_closed_clients)) Close();
      Settle();
      break;
    case State::kClosed: break;
    default:
      if (MayBeBatched() && server_.batch().Take(*this)) break;
      server_.batch().Finish();  // who was read before comes before
      Drive();
  }
}

// Reads and serves until there is nothing to read, an exchange needs time, or it is the turn of others. An exchange that ends at once
// comes back through ExchangeEnded while this is on the stack; that only notes the new state.
void Connection::Drive() {
  driving_ = true;
  for (int i = 0; i < kReadsInARow && more_ && Reading(); ++i) ReadOnce();
  driving_ = false;
  if (more_ && Reading()) server_.Requeue(*this);
  Settle();
}

ssize_t Connection::ReadSomeOfUnix(char* buffer, std::size_t size, bool& more) {
  ssize_t got = 0;
  bool cut = false;
  do {
    got = socket_.ReceiveUnix(buffer, size, cut);
  } while (got < 0 && errno == EINTR);
  more = got > 0 && (static_cast<std::size_t>(got) == size || cut || urgent_);
  return got;
}

void Connection::ReadOnce() {
  char* buffer = server_.read_buffer();
  std::size_t capacity = LoopServer::kReadBytes;
  std::size_t kept = 0;
  if (partial_ != nullptr) {
    // Behind what is here already. The parser refuses a head above its limit, so this is bounded.
    kept = partial_->bytes.size();
    capacity = kept < 2048 ? 4096 - kept : kept;
    partial_->bytes.resize(kept + capacity);
    buffer = partial_->bytes.data() + kept;
  }
  bool more = false;
  const ssize_t got = ReadSome(buffer, capacity, more);
  if (partial_ != nullptr) partial_->bytes.resize(kept + static_cast<std::size_t>(got > 0 ? got : 0));
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    more_ = false;
    if (server_.draining() && Quiet() && server_.now() >= GraceEnd()) {
      Because(CloseReason::kDrain);
      CloseQuiet();
    }
    return;
  }
  if (got <= 0) {
    Close();
    return;
  }
  NoteRead(more);
  if (partial_ == nullptr) {
    TakeFirstBytes({buffer, static_cast<std::size_t>(got)});
  } else if (awaits_proxy_) {
    TakeProxyHeader();
  } else {
    TakeBytes({partial_->bytes.data(), partial_->bytes.size()}, partial_->head);
  }
}

// What begins a request, as far as is known.
void Connection::TakeFirstBytes(std::string_view bytes) {
  server_.head().Reset();
  server_.head().empty_lines = empty_lines_;
  TakeBytes(bytes, server_.head());
}

void Connection::Serve(std::string_view bytes, bool more) {
  more_ = more;
  driving_ = true;
  TakeFirstBytes(bytes);
  driving_ = false;
  if (more_ && Reading()) {
    Drive();
  } else {
    Settle();
  }
}

void Connection::TakeProxyHeader() {
  std::string_view bytes(partial_->bytes.data(), partial_->bytes.size());
  SocketAddress client;
  const ProxyHeaderResult result = ParseProxyHeader(bytes, client);
  switch (result.verdict) {
    case ProxyHeaderResult::Verdict::kNeedMore: return;
    case ProxyHeaderResult::Verdict::kBad:
      server_.observer().OnBadProxyHeader({PeerName(), result.reason});
      Because(CloseReason::kBadRequest);
      CloseGently();
      return;
    case ProxyHeaderResult::Verdict::kDone: break;
  }
  awaits_proxy_ = false;
  if (client.size != 0) peer_ = Peer(client);
  const std::unique_ptr<PartialHead> owner = std::move(partial_);
  bytes.remove_prefix(result.consumed);
  if (bytes.empty()) return;
  server_.head().Reset();
  TakeBytes(bytes, server_.head());
}

void Connection::TakeBytes(std::string_view bytes, Head& head) {
  const HeadResult result = ParseHead(bytes, server_.shared().limits, head);
  switch (result.verdict) {
    case HeadResult::Verdict::kDone:
      has_place_ = server_.TakePlace();
      if (has_place_) {
        StartExchange(bytes, result.consumed, head, server_.now());
      } else {
        Queue(bytes, result.consumed, head);
      }
      return;
    case HeadResult::Verdict::kBad: Refuse(result.status, result.reason, head.is_head); return;
    case HeadResult::Verdict::kNeedMore: break;
  }
  if (result.consumed > 0) head.DropEmptyLines();  // no part of a request
  empty_lines_ = head.empty_lines;
  bytes.remove_prefix(result.consumed);
  if (bytes.empty()) {
    partial_.reset();
    if (state_ == State::kHead) BecomeQuiet();
  } else if (partial_ == nullptr) {
    KeepPartial(bytes, head);
  } else if (result.consumed > 0) {
    partial_->bytes.erase(partial_->bytes.begin(), partial_->bytes.begin() + static_cast<std::ptrdiff_t>(result.consumed));
  }
}

void Connection::KeepPartial(std::string_view bytes, Head& head) {
  partial_ = std::make_unique<PartialHead>();
  partial_->bytes.assign(bytes.begin(), bytes.end());
  std::swap(partial_->head, head);
  // The first head of a connection has its time from the accept, and is in the list already.
  if (state_ != State::kFresh) {
    since_ = server_.now();
    server_.MoveTo(LoopServer::List::kHeader, link_);
  }
  state_ = State::kHead;
}

void Connection::Queue(std::string_view bytes, std::size_t head_size, Head& head) {
  if (server_.patience_over() || !server_.MayQueue()) {
    Overloaded(head.is_head);
    return;
  }
  if (partial_ == nullptr) {
    partial_ = std::make_unique<PartialHead>();
    partial_->bytes.assign(bytes.begin(), bytes.end());
    std::swap(partial_->head, head);
  }
  partial_->head_size = head_size;
  state_ = State::kQueued;
  since_ = server_.now();
  server_.EnterQueue(link_);
}

void Connection::Overloaded(bool head_only) {
  Answer(503, "too many requests at once", /*retry_after=*/1, head_only);
  Because(server_.patience_over() ? CloseReason::kDrain : CloseReason::kOverload);
  CloseGently();
  Settle();
}

void Connection::Resume() {
  requeued_ = false;
  if (state_ == State::kClosing || state_ == State::kAborting) {
    ReadToEnd();
    Settle();
    return;
  }
  if (state_ != State::kQueued) {
    if (Reading()) Drive();
    return;
  }
  if (!has_place_) return;
  if (server_.patience_over()) {
    Overloaded();
    return;
  }
  driving_ = true;
  StartExchange({partial_->bytes.data(), partial_->bytes.size()}, partial_->head_size, partial_->head, since_);
  driving_ = false;
  if (more_ && Reading()) {
    Drive();
  } else {
    Settle();
  }
}

// Out of the queue without an answer from a handler.
void Connection::LeaveQueue() {
  if (state_ == State::kQueued && !has_place_) server_.LeaveQueue();
  GivePlaceBack();
}

void Connection::GivePlaceBack() {
  if (!has_place_) return;
  has_place_ = false;
  server_.GivePlaceBack();
}

void Connection::EnsurePlace() {
  if (has_place_) return;
  has_place_ = true;
  server_.TakePlaceAnyway();
}

void Connection::StartExchange(std::string_view bytes, std::size_t head_size, Head& head, TimePoint head_at) {
  const std::unique_ptr<PartialHead> partial = std::move(partial_);  // owns `bytes` until they are copied
  const bool head_only = head.is_head;
  state_ = State::kBusy;
  server_.MoveTo(LoopServer::List::kBusy, link_);
  exchange_ = server_.TakeExchange();
  Exchange* exchange = exchange_;
  if (exchange != nullptr && exchange->Serve(*this, bytes, head_size, head, head_at)) return;
  GiveUp(exchange);
  Answer(503, "no memory for the request", /*retry_after=*/1, head_only);
  TellOutOfMemory(503);
  Because(CloseReason::kOverload);
  CloseGently();
}

void Connection::SendRest(std::string_view answers) {
  EnsurePlace();  // as while its own exchange was sending
  state_ = State::kBusy;
  server_.MoveTo(LoopServer::List::kBusy, link_);
  exchange_ = server_.TakeExchange();
  Exchange* exchange = exchange_;
  if (exchange != nullptr && exchange->SendRest(*this, answers)) return;
  GiveUp(exchange);
  broken_ = true;
  TellOutOfMemory(0);
  Because(CloseReason::kAborted);
  Close();
  Settle();
}

// There is no memory for an exchange (null) or its fiber. What it was given must not be met by its next connection.
void Connection::GiveUp(Exchange* exchange) {
  exchange_ = nullptr;
  if (exchange != nullptr) {
    exchange->Recycle();
    server_.GiveBack(*exchange);
  }
  GivePlaceBack();
}

void Connection::TellOutOfMemory(int status) noexcept {
  std::string name;
  try {
    name = PeerName();
  } catch (const std::bad_alloc&) {  // then without
  }
  server_.TellOutOfMemory(name, status);
}

// The first want of memory ends it, whatever it was doing. What an exchange has of it ends with the exchange.
void Connection::Lose() noexcept {
  TellOutOfMemory(0);
  Because(CloseReason::kOverload);
  if (Exchange* its = exchange()) {
    broken_ = true;
    its->OnEvents(true, true);
    return;
  }
  try {
    Close();
  } catch (const std::bad_alloc&) {  // the observer is not told
    socket_.Close();
  }
}

bool Connection::CountRequest() {
  const std::uint64_t limit = server_.options().requests_per_connection_max;
  if (++requests_ < limit) return true;
  server_.observer().OnLimitReached({PeerName(), LimitKind::kRequestsPerConnection, limit});
  return false;
}

void Connection::ExchangeEnded(Exchange& exchange, bool keep_alive, std::string_view leftover, Head& head) noexcept {
  exchange_ = nullptr;
  try {
    Release(exchange, keep_alive, leftover, head);
  } catch (const std::bad_alloc&) {
    if (state_ == State::kBusy) state_ = State::kIdle;
    Lose();
  }
  exchange.Recycle();
  server_.GiveBack(exchange);
  if (driving_) return;
  if (more_ && state_ < State::kClosing) {
    Guard([](Connection& self) { self.Drive(); });
  } else {
    Settle();
  }
}

// What becomes of the connection after its last request, for now.
void Connection::Release(Exchange& exchange, bool keep_alive, std::string_view leftover, Head& head) {
  GivePlaceBack();
  if (cut_ && exchange.FinishedForCut() && !broken_) {
    CloseAfterCut();
  } else if (broken_ || cut_) {
    Because(cut_ ? CloseReason::kCutOff : exchange.ClientFailed() ? CloseReason::kClient : CloseReason::kAborted);
    Close();
  } else if (exchange.Aborted()) {
    Because(exchange.ClientFailed() ? CloseReason::kClient : CloseReason::kAborted);
    AbortGently();
  } else if (!keep_alive) {
    Because(exchange.ClientFailed() ? CloseReason::kClient
            : server_.draining()    ? CloseReason::kDrain
                                    : CloseReason::kAnswered);
    CloseGently();
  } else {
    BecomeIdle();
    empty_lines_ = head.empty_lines;
    if (!leftover.empty()) KeepPartial(leftover, head);
    if (server_.draining()) more_ = true;  // the read that finds nothing closes it
  }
}

// What came was no begin of a head after all, but an empty line that came in two pieces.
void Connection::BecomeQuiet() {
  if (requests_ > 0) {
    BecomeIdle();
  } else {
    state_ = State::kFresh;  // in its list still: its time began at the accept
  }
  if (server_.draining()) more_ = true;  // the read that finds nothing closes it
}

void Connection::BecomeIdle() {
  state_ = State::kIdle;
  since_ = server_.now();
  server_.MoveTo(LoopServer::List::kIdle, link_);
}

// Answers below the handlers, as well as the socket takes it: the send buffer of a connection that waits for a request is empty,
// so these few bytes fit.
void Connection::Answer(int status, std::string_view reason, int retry_after, bool head_only) {
  char answer[1024];
  const std::size_t size = WriteSimpleError(answer, sizeof(answer), status, reason, server_.DateLine(), retry_after, head_only);
  [[maybe_unused]] const ssize_t sent = socket_.Send(answer, size <= sizeof(answer) ? size : 0);
  server_.observer().OnRequestRefused({status, reason});
}

void Connection::Refuse(int status, std::string_view reason, bool head_only) {
  Answer(status, reason, 0, head_only);
  server_.observer().OnBadRequest({PeerName(), status, reason});
  Because(CloseReason::kBadRequest);
  CloseGently();
}

// The last word of every call from outside. A closed connection goes as soon as nothing of it is on the stack.
void Connection::Settle() {
  if (state_ == State::kClosed && !driving_) server_.ConnectionGone(*this);
}

void Connection::WatchWritable() {
  if (writable_watched_) return;
  // For good: an edge-triggered watch costs nothing while nobody waits for it.
  writable_watched_ = !server_.loop().Modify(*this, socket_.Descriptor(), EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  if (!writable_watched_) broken_ = true;
}

}  // namespace weft::internal
