// SPDX-License-Identifier: Apache-2.0
//
// The end of a connection: by a timeout, to make room, in the drain, or because its last answer is out.
#include <sys/socket.h>

#include <cerrno>

#include <weft/server/internal/connection.h>
#include <weft/server/internal/exchange.h>
#include <weft/server/internal/loop_server.h>
#include <weft/server/internal/socket_io.h>

namespace weft::internal {
namespace {

// During a drain, a client that had an answer this short a time ago is given the grace of one that has just come.
constexpr Duration kRecentlyActive = std::chrono::seconds(1);
// What is thrown away in one go of what a client still sends after its connection was given up; then others get their turn.
constexpr std::size_t kDiscardBytes = 1024 * 1024;

}  // namespace

void Connection::OnTimeout() {
  switch (state_) {
    case State::kFresh:
    case State::kHead:
      if (state_ == State::kHead) Answer(408, "the head took too long", 0, partial_->head.is_head);
      server_.observer().OnTimedOut({PeerName(), TimeoutKind::kHeader, server_.options().header_timeout});
      Because(CloseReason::kTimedOut);
      CloseGently();
      break;
    case State::kIdle:
      server_.observer().OnTimedOut({PeerName(), TimeoutKind::kIdle, server_.options().idle_timeout});
      Because(CloseReason::kTimedOut);
      CloseGently();
      break;
    case State::kQueued:
      server_.observer().OnTimedOut({PeerName(), TimeoutKind::kRequest, server_.options().request_timeout});
      Overloaded();
      return;
    case State::kClosing: Close(); break;
    case State::kBusy:
    case State::kClosed: return;
  }
  Settle();
}

// A client that has just come, or was active a moment ago, is most likely about to send: it is answered rather than cut off.
TimePoint Connection::GraceEnd() const {
  const Duration grace = server_.options().first_byte_grace;
  const TimePoint drain = server_.drain_begin();
  if (state_ == State::kFresh || since_ >= drain) return since_ + grace;
  return drain - since_ <= kRecentlyActive ? drain + grace : TimePoint::min();
}

void Connection::CloseUnlessSpoken() {
  if (!Quiet()) return;
  more_ = true;  // one more read, whatever the events have told; it closes what stays quiet
  if (!driving_) Drive();
}

void Connection::CutOff() {
  cut_ = true;
  Because(CloseReason::kCutOff);
  // An answer that ends with its connection would look whole after an end in good order: TCP resets when it is told to forget its peer.
  const sockaddr nobody{AF_UNSPEC, {}};
  const bool must_reset = state_ == State::kBusy && exchange_->EndsWithConnection();
  if (!must_reset || connect(fd_.Get(), &nobody, sizeof(nobody)) != 0) shutdown(fd_.Get(), SHUT_RDWR);
  if (state_ == State::kBusy) {
    exchange_->OnEvents(true, true);
  } else {
    Close();
  }
  Settle();
}

void Connection::ResetAtEnd() {
  broken_ = true;
  const linger at_once{1, 0};
  static_cast<void>(setsockopt(fd_.Get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
}

void Connection::Evict() {
  char first;
  if (recv(fd_.Get(), &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
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
// the kernel answer with a reset, which can overtake our answer and destroy it on the client's side.
void Connection::CloseGently() {
  LeaveQueue();
  partial_.reset();
  state_ = State::kClosing;
  server_.MoveTo(LoopServer::List::kClosing, link_);
  if (shutdown(fd_.Get(), SHUT_WR) != 0) {
    Close();
    return;
  }
  ReadToEnd();
}

void Connection::ReadToEnd() {
  for (std::size_t total = 0; total < kDiscardBytes;) {
    const ssize_t got = Receive(fd_.Get(), server_.read_buffer(), LoopServer::kReadBytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (got <= 0) {
      Close();
      return;
    }
    total += static_cast<std::size_t>(got);
  }
  server_.Requeue(*this);
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  LeaveQueue();
  state_ = State::kClosed;
  partial_.reset();
  server_.Forget(link_);
  server_.loop().Remove(*this, fd_.Get());
  if (server_.shared().connections_watched) {
    Because(CloseReason::kClient);
    server_.observer().OnConnectionClosed({fd_.Get(), PeerName(), static_cast<CloseReason>(reason_), requests_});
  }
  fd_.Close();
}

}  // namespace weft::internal
