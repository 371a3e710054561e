// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/client.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <string>

namespace weft::internal::http1 {
namespace {

using State = Client::State;

// During a drain, a client that had a response this short a time ago is given the grace of one that has just come.
constexpr Duration kRecentlyActive = std::chrono::seconds(1);

constexpr unsigned Bit(State state) { return 1U << static_cast<unsigned>(state); }

constexpr unsigned kEnds = Bit(State::kClosing) | Bit(State::kClosed);

// Which states each one may be followed by.
constexpr unsigned SuccessorsOf(State state) {
  switch (state) {
    case State::kHandshake: return Bit(State::kFresh) | kEnds;
    case State::kFresh: return Bit(State::kHandshake) | Bit(State::kHttp2) | SuccessorsOf(State::kIdle);
    case State::kIdle: return Bit(State::kHead) | Bit(State::kQueued) | Bit(State::kBusy) | kEnds;
    case State::kHead:
      return Bit(State::kFresh) | Bit(State::kIdle) | Bit(State::kQueued) | Bit(State::kBusy) | Bit(State::kHttp2) | kEnds;
    case State::kQueued: return Bit(State::kBusy) | kEnds;
    case State::kHttp2: return Bit(State::kAborting) | kEnds;
    case State::kBusy: return Bit(State::kIdle) | Bit(State::kAborting) | kEnds;
    case State::kClosing:
    case State::kAborting: return Bit(State::kClosed);
    case State::kClosed: break;
  }
  return 0;
}

}  // namespace

const TlsInfo* Client::Tls() { return nullptr; }

bool Client::MayFollow(State before, State to) { return (SuccessorsOf(before) & Bit(to)) != 0; }

void Client::Enter(State to, State before) {
  switch (to) {
    case State::kIdle:
    case State::kBusy: break;   // Become
    case State::kHandshake: shard_.Place(Shard::List::kHandshake, *this); break;
    case State::kFresh:
      if (before != State::kHandshake) break;  // in its list still: its time began at the accept
      since_ = shard_.now();
      shard_.Place(Shard::List::kHeader, *this);
      break;
    case State::kHead:
      if (before == State::kFresh) break;  // likewise
      since_ = shard_.now();
      shard_.Place(Shard::List::kHeader, *this);
      break;
    case State::kHttp2:  // its first frames are waited for as a head is
      since_ = shard_.now();
      shard_.Place(Shard::List::kHeader, *this);
      break;
    case State::kQueued:
      since_ = shard_.now();
      shard_.slots().NoteQueued();
      shard_.Place(Shard::List::kQueued, *this);
      break;
    case State::kClosing:
      ReleaseSlot();
      since_ = shard_.now();
      shard_.Place(Shard::List::kClosing, *this, LingerEnd());
      break;
    case State::kAborting:
      ReleaseSlot();
      since_ = shard_.now();
      shard_.Place(Shard::List::kAborting, *this);
      break;
    case State::kClosed:
      ReleaseSlot();
      Unlink();
      break;
  }
}

TimePoint Client::LingerEnd() const {
  const Duration most = shard_.options().linger_timeout;
  return most >= TimePoint::max() - since_ ? TimePoint::max() : since_ + most;
}

// A client that has just come, or was active a moment ago, is most likely about to send: it is served rather than
// closed.
TimePoint Client::GraceEnd() const {
  const Duration grace = shard_.options().first_byte_grace;
  const TimePoint drain = shard_.drain().BeganAt();
  if (state_ == State::kHandshake) return std::max(since_, drain) + std::max(grace, ShardDrain::kLinger);
  if (state_ == State::kFresh || since_ >= drain) return since_ + grace;
  return drain - since_ <= kRecentlyActive ? drain + grace : TimePoint::min();
}

void Client::SendRefusal(int status, std::string_view reason, int retry_after, bool method_is_head) {
  char response[1024];
  const auto write = [&](char* out, std::size_t room) {
    return shard_.server().refusals.Write(out, room, status, reason, shard_.DateLine(), retry_after, method_is_head);
  };
  const std::size_t size = write(response, sizeof(response));
  if (size <= sizeof(response)) {
    static_cast<void>(Send({response, size}));
  } else {
    std::string large(size, '\0');
    static_cast<void>(write(large.data(), size));
    static_cast<void>(Send(large));
  }
  shard_.observer().OnRequestRefused({status, reason});
}

bool Client::LimitReached() {
  const std::uint64_t limit = shard_.options().requests_per_connection_max;
  if (requests_ == limit) shard_.observer().OnLimitReached({PeerName(), LimitKind::kRequestsPerConnection, limit});
  return false;
}

void Client::Probe() {
  const Duration after = shard_.options().probe_after;
  if (after == Duration::max() || IsUnix()) return;
  socket().ProbePeer(after);
}

void Client::ReportEvicted(bool idle) {
  if (reason_ != kNoReason) return;
  SetCloseReason(CloseReason::kEvicted);
  const TimeoutKind kind = idle ? TimeoutKind::kIdle : state_ == State::kHandshake ? TimeoutKind::kHandshake : TimeoutKind::kHeader;
  shard_.observer().OnConnectionEvicted({PeerName(), kind, shard_.now() - since_});
}

void Client::ReportOutOfMemory(int status) noexcept {
  std::string name;
  try {
    name = PeerName();
  } catch (const std::bad_alloc&) {  // then without
  }
  shard_.ReportOutOfMemory(name, status);
}

}  // namespace weft::internal::http1
