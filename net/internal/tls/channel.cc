// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/channel.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <span>

namespace weft::internal {
namespace {

constexpr std::size_t kReceiveMax = 64 * 1024;
// What is received for a reader with little room: one record in one piece. What does not fit is kept
// by the session, so it is not much more.
constexpr std::size_t kReceiveMin = 17 * 1024;
constexpr std::size_t kSealMax = 64 * 1024;   // before it is sent
// The limit of what is held. Our own bytes are at most kSealMax; the rest is what TLS itself responds, for example to a peer that
// asks for new keys again and again, and reads nothing.
constexpr std::size_t kHeldMax = 128 * 1024;
constexpr std::size_t kSendMax = 256 * 1024;  // within one call, during which no other fiber of the loop runs

// Its content is used up within a call.
struct Scratch {
  std::unique_ptr<char[]> received{new char[kReceiveMax]};
  ByteBuffer sealed;
};

Scratch& ScratchOfThread() {
  thread_local Scratch scratch;
  scratch.sealed.Clear();
  return scratch;
}

ssize_t Receive(const Socket& socket, char* buffer, std::size_t size) {
  ssize_t got = 0;
  do {
    got = socket.Receive(buffer, size);
  } while (got < 0 && errno == EINTR);
  return got;
}

ssize_t ReceiveUnix(const Socket& socket, char* buffer, std::size_t size, bool& cut) {
  ssize_t got = 0;
  do {
    got = socket.ReceiveUnix(buffer, size, cut);
  } while (got < 0 && errno == EINTR);
  return got;
}

ssize_t Fail(int number) {
  errno = number;
  return -1;
}

// The first bytes of some parts, up to a size.
class FrontOf {
 public:
  FrontOf(const iovec* parts, std::size_t count, std::size_t skip, std::size_t most) {
    for (; count > 0 && size_ < most && used_ < front_.size(); ++parts, --count) {
      if (skip >= parts->iov_len) {
        skip -= parts->iov_len;
        continue;
      }
      const std::size_t here = std::min(parts->iov_len - skip, most - size_);
      front_[used_++] = {static_cast<char*>(parts->iov_base) + skip, here};
      size_ += here;
      skip = 0;
    }
  }
  std::span<const iovec> Parts() const { return {front_.data(), used_}; }
  std::size_t size() const { return size_; }

 private:
  std::array<iovec, 8> front_;
  std::size_t used_ = 0;
  std::size_t size_ = 0;
};

}  // namespace

bool TlsChannel::Start(const Socket& socket) {
  Scratch& scratch = ScratchOfThread();
  static_cast<void>(session_->Handshake({}, scratch.sealed));
  const bool sent = SendSealed(socket, scratch.sealed.View());
  scratch.sealed.Clear();
  return sent;
}

TlsSession::Step TlsChannel::Handshake(const Socket& socket, std::string_view first) {
  Scratch& scratch = ScratchOfThread();
  if (!Flush(socket)) session_->SawFin();
  // Until nothing is left: a FIN that arrived with the last bytes has no event of its own.
  for (;;) {
    std::span<const char> came(first);
    if (first.empty()) {
      const ssize_t got = Receive(socket, scratch.received.get(), kReceiveMax);
      if (got < 0 && WouldWait(errno)) return TlsSession::Step::kWantInput;
      if (got <= 0) session_->SawFin();
      came = {scratch.received.get(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }
    first = {};
    const TlsSession::Step step = session_->Handshake(came, scratch.sealed);
    const bool sent = SendSealed(socket, scratch.sealed.View());
    scratch.sealed.Clear();
    if (step != TlsSession::Step::kWantInput) return step;
    if (!sent) session_->SawFin();
  }
}

ssize_t TlsChannel::Read(const Socket& socket, char* buffer, std::size_t size, bool& more) {
  more = false;
  if (peer_ != Peer::kSpeaks) return peer_ == Peer::kHasEnded ? 0 : Fail(ECONNRESET);
  Scratch& scratch = ScratchOfThread();
  const std::size_t most = std::clamp(size, kReceiveMin, kReceiveMax);
  for (;;) {
    if (Held() > kHeldMax) {
      flooded_ = true;
      peer_ = Peer::kIsBroken;
      return Fail(ECONNRESET);
    }
    std::span<const char> came;
    const bool receives = session_->Open() && !session_->HasPending();
    if (receives) {
      bool cut = false;
      const ssize_t got = unix_ ? ReceiveUnix(socket, scratch.received.get(), most, cut) : Receive(socket, scratch.received.get(), most);
      drained_ = got < static_cast<ssize_t>(most) && !cut;
      if (got < 0) return -1;
      if (got == 0) session_->SawFin();
      came = {scratch.received.get(), static_cast<std::size_t>(got)};
      arrived_ += came.size();
    }
    const TlsSession::ReadResult result = session_->Read(came, {buffer, size}, scratch.sealed);
    if (!scratch.sealed.empty()) static_cast<void>(SendSealed(socket, scratch.sealed.View()));
    scratch.sealed.Clear();
    if (result.size > 0) {
      // Without a recv it is unknown whether the socket has more: its event may have come long ago.
      more = !receives || !drained_ || result.state != TlsSession::ReadState::kWantInput;
      return static_cast<ssize_t>(result.size);
    }
    if (result.state != TlsSession::ReadState::kWantInput) return EndOf(result.state);
    // A part of a record: the next recv says whether nothing is left, which a short one does not where the kernel has ended it early.
  }
}

// A FIN within a record is not a regular end: an attacker may have cut the connection.
ssize_t TlsChannel::EndOf(TlsSession::ReadState state) {
  const bool in_order =
      state == TlsSession::ReadState::kEnded && session_->Ended() != TlsSession::PeerEnd::kTruncated;
  peer_ = in_order ? Peer::kHasEnded : Peer::kIsBroken;
  return in_order ? 0 : Fail(ECONNRESET);
}

const char* TlsChannel::GivenUp() const {
  if (flooded_) return "the client does not read the key updates that it requests";
  if (session_ == nullptr || !session_->HandshakeDone() || session_->Ended() != TlsSession::PeerEnd::kOpen) return nullptr;
  return session_->Open() ? nullptr : session_->Failure().reason;
}

ssize_t TlsChannel::Send(const Socket& socket, const iovec* parts, std::size_t count) {
  if (!Flush(socket)) return Fail(EPIPE);
  if (Held() > 0) return Fail(EAGAIN);
  Scratch& scratch = ScratchOfThread();
  std::size_t sent = 0;
  while (sent < kSendMax && Held() == 0) {
    const FrontOf front(parts, count, sent, kSealMax);
    if (front.size() == 0) break;
    scratch.sealed.Clear();
    // What may have been sent counts as sent: the next call fails.
    bool any = sent > 0;
    const bool gone = !session_->Write(front.Parts(), scratch.sealed) || !SendSealed(socket, scratch.sealed.View(), &any);
    if (gone && !any) return Fail(EPIPE);
    sent += front.size();
    if (gone) break;
  }
  return static_cast<ssize_t>(sent);
}

ssize_t TlsChannel::SendFile(const Socket&, int, std::uint64_t, std::size_t) { return Fail(EINVAL); }

bool TlsChannel::SendSealed(const Socket& socket, std::string_view sealed, bool* any) {
  ByteBuffer& owed = session_->Owed();
  while (!sealed.empty() && owed.empty()) {
    const ssize_t sent = socket.Send(sealed.data(), sealed.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && !WouldWait(errno)) return false;
    if (sent < 0) break;
    if (any != nullptr) *any = true;
    sealed.remove_prefix(static_cast<std::size_t>(sent));
  }
  try {
    owed.Append(sealed);
    return true;
  } catch (const std::bad_alloc&) {  // the rest of a record is lost, and with it the connection
    socket.ShutBoth();
    return false;
  }
}

bool TlsChannel::Flush(const Socket& socket) {
  if (session_ == nullptr) return true;
  ByteBuffer& owed = session_->Owed();
  while (!owed.empty()) {
    const std::string_view bytes = owed.View();
    const ssize_t sent = socket.Send(bytes.data(), bytes.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return WouldWait(errno);
    owed.EraseFront(static_cast<std::size_t>(sent));
    if (owed.empty()) owed.Recycle(0);
  }
  if (!shut_when_sent_) return true;
  shut_when_sent_ = false;
  return socket.ShutWrite();
}

bool TlsChannel::ShutWrite(const Socket& socket) try {
  Scratch& scratch = ScratchOfThread();
  session_->Finish(scratch.sealed);
  if (!SendSealed(socket, scratch.sealed.View())) return false;
  shut_when_sent_ = Held() > 0;
  return shut_when_sent_ || socket.ShutWrite();
} catch (const std::bad_alloc&) {  // without a close_notify: not a regular end
  socket.ShutBoth();
  return false;
}

}  // namespace weft::internal
