// SPDX-License-Identifier: Apache-2.0
//
// The end of a connection: by a timeout, to make room, in the drain, or because its last answer is out.

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <weft/net/internal/socket.h>
#include <weft/server/internal/connection.h>
#include <weft/server/internal/exchange.h>
#include <weft/server/internal/loop_server.h>

namespace weft::internal {
namespace {

// During a drain, a client that had an answer this short a time ago is given the grace of one that has just come.
constexpr Duration kRecentlyActive = std::chrono::seconds(1);
// Of what a client still sends after its connection was given up, so much is thrown away in all, in turns of the loop's buffer.
constexpr std::uint64_t kDiscardMax = 64 * 1024 * 1024;
}  // namespace

void Connection::OnTimeout() {
  switch (state_) {
    case State::kFresh:
    case State::kHead:
    case State::kIdle:
      if (LookOnceMore()) return;
      break;
    case State::kQueued:
      server_.observer().OnTimedOut({PeerName(), TimeoutKind::kRequest, server_.options().request_timeout});
      Overloaded();
      return;
    case State::kClosing: Close(); break;
    case State::kAborting: LookWhetherTaken(); break;
    case State::kBusy:
    case State::kClosed: return;
  }
  Settle();
}

// The loop may have been held, and what the client sent in time may have come: a timeout is believed only when there is nothing to read.
// True: it was not, and whatever is to be done is done.
bool Connection::LookOnceMore() {
  more_ = true;
  driving_ = true;
  for (int i = 0; i < kReadsInARow && more_ && Reading(); ++i) ReadOnce();
  driving_ = false;
  const bool waits = state_ == State::kFresh || state_ == State::kHead || state_ == State::kIdle;
  if (!waits || link_.expiry > server_.now()) {
    if (more_ && Reading()) server_.Requeue(*this);
    Settle();
    return true;
  }
  if (state_ == State::kHead) Answer(408, "the head took too long", 0, partial_->head.is_head);
  const bool idle = state_ == State::kIdle;
  server_.observer().OnTimedOut({PeerName(), idle ? TimeoutKind::kIdle : TimeoutKind::kHeader,
                                 idle ? server_.options().idle_timeout : server_.options().header_timeout});
  Because(CloseReason::kTimedOut);
  CloseGently();
  return false;
}

// A client that has just come, or was active a moment ago, is most likely about to send: it is answered rather than cut off.
TimePoint Connection::GraceEnd() const {
  const Duration grace = server_.options().first_byte_grace;
  const TimePoint drain = server_.drain().Begin();
  if (state_ == State::kFresh || since_ >= drain) return since_ + grace;
  return drain - since_ <= kRecentlyActive ? drain + grace : TimePoint::min();
}

bool Connection::HasGrace() const { return Quiet() && server_.now() < GraceEnd(); }

void Connection::CloseUnlessSpoken() {
  if (state_ == State::kClosing) link_.expiry = std::min(link_.expiry, server_.now() + LoopDrain::kLinger);
  if (!Quiet()) return;
  more_ = true;  // one more read, whatever the events have told; it closes what stays quiet
  if (!driving_) Drive();
}

void Connection::CutOff() {
  if (state_ == State::kQueued) {
    Overloaded();
    return;
  }
  cut_ = true;
  Because(CloseReason::kCutOff);
  if (state_ == State::kAborting) ResetAtEnd();
  if (state_ != State::kBusy) {
    Close();
    Settle();
    return;
  }
  // TCP resets when it is told to forget its peer: an end in good order could be taken for the end of the response.
  if (exchange_->FinishForCut()) {
    static_cast<void>(socket_.ShutWrite());
  } else if (!socket_.Reset()) {
    socket_.ShutBoth();
  }
  exchange_->OnEvents(true, true);
  Settle();
}

void Connection::ResetAtEnd() {
  broken_ = true;
  socket_.ResetAtClose();
}

void Connection::ProbeClient() {
  const Duration after = server_.options().probe_after;
  if (after == Duration::max() || unix_) return;
  socket_.ProbePeer(after);
}

void Connection::Evict() {
  if (state_ == State::kAborting) ResetAtEnd();
  if (Reading() && socket_.HasInput()) {
    more_ = true;  // it has just spoken
    Drive();
    return;
  }
  if (state_ == State::kHead) Answer(408, "the head took too long", 0, partial_->head.is_head);
  Because(CloseReason::kEvicted);
  Close();
  Settle();
}

// Our side is closed; the descriptor stays until the client has closed its own. Closing it while the client still sends would make
// the kernel reset the connection, which can overtake our response and destroy it on the client's side, and a client that finds its
// connection broken while it sends does not even look for one.
void Connection::CloseGently() {
  LeaveQueue();
  partial_.reset();
  state_ = State::kClosing;
  since_ = server_.now();
  discarded_ = 0;
  server_.MoveTo(LoopServer::List::kClosing, link_, LingerEnd());
  if (!socket_.ShutWrite()) {
    Close();
    return;
  }
  ReadToEnd();
}

// The drain has no use for it, and no response is on its way.
void Connection::CloseQuiet() {
  CloseGently();
  if (state_ == State::kClosing) server_.MoveTo(LoopServer::List::kQuiet, link_);
}

// Its last word is out, and nothing waits any longer for anybody: only a client that is still sending is, lest the kernel's reset destroy that.
void Connection::CloseAfterCut() {
  if (socket_.Receive(server_.read_buffer(), LoopServer::kReadBytes) > 0) {
    CloseGently();
  } else {
    Close();
  }
}

TimePoint Connection::LingerEnd() const {
  const Duration most = server_.options().linger_timeout;
  return most >= TimePoint::max() - since_ ? TimePoint::max() : since_ + most;
}

// One turn's worth; who goes on sending has the next one when others have had theirs.
void Connection::ReadToEnd() {
  ssize_t got = 0;
  do {
    got = socket_.Receive(server_.read_buffer(), LoopServer::kReadBytes);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (got <= 0) {
    if (state_ == State::kClosing || got < 0) Close();
    return;
  }
  if (state_ == State::kClosing) {
    discarded_ += static_cast<std::uint64_t>(got);
    if (discarded_ >= kDiscardMax || server_.now() >= LingerEnd()) {
      Close();
      return;
    }
    if (!server_.draining()) server_.MoveTo(LoopServer::List::kClosing, link_, LingerEnd());
  }
  server_.Requeue(*this);
}

// A response that is not whole must not end like a whole one, whatever its framing: many clients take the end of the connection for its
// end. A reset tells them, but the kernel forgets with it what the client has not taken yet. So the reset waits until it has.
void Connection::AbortGently() {
  state_ = State::kAborting;
  if (unix_) {  // which knows no reset, and keeps what was sent for the client
    Close();
    return;
  }
  since_ = server_.now();
  untaken_ = socket_.UntakenBytes();
  LookWhetherTaken();
}

void Connection::LookWhetherTaken() {
  const std::int64_t untaken = socket_.UntakenBytes();
  const Duration stall = server_.options().write_stall_timeout;
  if (untaken + server_.options().progress_bytes_min <= untaken_) {
    untaken_ = untaken;
    since_ = server_.now();
  }
  if (untaken == 0 || (stall != Duration::max() && server_.now() - since_ >= stall)) {
    ResetAtEnd();
    Close();
    return;
  }
  server_.MoveTo(LoopServer::List::kAborting, link_);
  ReadToEnd();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  LeaveQueue();
  state_ = State::kClosed;
  partial_.reset();
  server_.Forget(link_);
  server_.loop().Remove(*this, socket_.Descriptor());
  if (server_.shared().connections_watched) {
    Because(CloseReason::kClient);
    server_.observer().OnConnectionClosed({socket_.Descriptor(), PeerName(), static_cast<CloseReason>(reason_), requests_});
  }
  socket_.Close();
}

}  // namespace weft::internal
