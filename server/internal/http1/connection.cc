// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/connection.h>

#include <algorithm>
#include <utility>

#include <weft/net/internal/socket.h>

namespace weft::internal::http1 {

namespace {

// Replaces one of the same kind, without checking for the others.
template <class T, class Variant>
[[gnu::always_inline]] inline T* PutIn(Variant& variant, std::unique_ptr<T> made) noexcept {
  auto* const place = std::get_if<std::unique_ptr<T>>(&variant);
  if (place == nullptr) [[unlikely]] return variant.template emplace<std::unique_ptr<T>>(std::move(made)).get();
  *place = std::move(made);
  return place->get();
}

}  // namespace

// 112 bytes with the allocator's word, which is all that an idle connection takes.
static_assert(sizeof(void*) != 8 || sizeof(Connection) <= 104);

void Connection::Open() noexcept {
  Guard([this] {
    shard_.Place(Shard::List::kHeader, *this);
    if (Watch(shard_.loop())) {
      // It is not watched, so the usual end would remove a watch that does not exist.
      ReportOutOfMemory(0);
      CloseSocket();
      Become(State::kClosed);
      return shard_.Requeue(*this);
    }
    const ServerState& server = shard_.server();
    if (server.connections_watched) shard_.observer().OnConnectionOpened({socket().Descriptor(), PeerName()});
    if (!server.proxies.Empty() && server.proxies.Contains(peer_)) {
      // Heads that come in pieces are rare already, so that no ordinary request checks for this.
      has_ = std::make_unique<PartialHead>();
    } else {
      BeginHandshake({});
    }
  });
}

// --- events

void Connection::OnFdEvents(std::uint32_t events) noexcept {
  Guard([this, events] { TakeEvents(events); });
}

// The client's end is handled at once, and so is everything in a drain.
bool Connection::MayBeBatched() const {
  return Quiet() && !HasPartial() && !HalfClosed() && !Broken() && !shard_.draining();
}

void Connection::TakeEvents(std::uint32_t events) {
  const Ready ready = Note(events);
  if (MayBeBatched() && part().batch.Take(*this)) [[likely]] return;
  switch (state_) {
    case State::kBusy: session()->OnEvents(ready); break;
    case State::kClosing:
    case State::kAborting:
      if (Broken()) return Close();
      Linger();
      break;
    case State::kQueued:
      // Nothing is read while it waits, but a client that has disconnected need not be waited for.
      if (Broken() || (HalfClosed() && !shard_.options().half_closed_clients)) Close();
      break;
    case State::kClosed: break;
    case State::kHandshake: GoOnWithHandshake(); break;
    case State::kHttp2: successor()->OnEvents(ready); break;
    case State::kFresh:
    case State::kIdle:
    case State::kHead:
      part().batch.Finish();  // requests that were read before come first
      Drive();
  }
}

// Reads and serves until there is nothing to read, a session needs time, or it is the turn of others. A session that
// ends at once calls SessionEnded while this is on the stack, which then only notes the new state.
void Connection::Drive() {
  driving_ = true;
  const int reads = Layered() ? kLayeredReadsInARow : kReadsInARow;
  for (int i = 0; i < reads && MayHaveInput() && Reading(); ++i) ReadOnce();
  driving_ = false;
  if (MayHaveInput() && Reading()) shard_.Requeue(*this);
}

void Connection::ReadOnce() { Take(ReadHead(shard_, *this, partial(), part().head, empty_lines_, peer_)); }

inline void Connection::Take(const HeadRead& read) {
  if (read.what != HeadRead::What::kRequest) [[unlikely]] return TakeOther(read);
  TakeRequest(read.bytes, read.head_size, *read.head);
}

[[gnu::always_inline]] inline void Connection::TakeFirst(std::string_view bytes) {
  const HeadResult result = ParseFirst(shard_, bytes, part().head, empty_lines_);
  if (result.verdict != HeadResult::Verdict::kDone) [[unlikely]] return TakeOther(Incomplete(result, bytes, part().head, nullptr));
  TakeRequest(bytes, result.consumed, part().head);
}

[[gnu::always_inline]] inline void Connection::TakeRequest(std::string_view bytes, std::size_t head_size, Head& head) {
  if (!(has_slot_ = shard_.slots().Acquire())) [[unlikely]] return Queue(bytes, head_size, head);
  StartSession(bytes, head_size, head, shard_.now());
}

void Connection::TakeOther(const HeadRead& read) {
  switch (read.what) {
    case HeadRead::What::kRequest: return;  // Take
    case HeadRead::What::kNothing: return CloseIfQuietInDrain();
    case HeadRead::What::kEnd:
      if (Layered() && !Broken()) static_cast<void>(ShutWrite());  // says that this was all
      return Close();
    case HeadRead::What::kMore: return;
    case HeadRead::What::kPart:
      empty_lines_ = read.head->empty_lines;
      return KeepPartial(read.bytes, *read.head);
    case HeadRead::What::kEmptyLines:
      empty_lines_ = read.head->empty_lines;
      return ForgetPartial();
    case HeadRead::What::kBadRequest:
      if (read.IsHttp2() && requests_ == 0 && !Layered() && shard_.options().http2_cleartext) return HandOver(read.bytes);
      return RejectBadRequest(read);
    case HeadRead::What::kBadProxy:
      shard_.observer().OnBadProxyHeader({PeerName(), read.reason});
      SetCloseReason(CloseReason::kBadRequest);
      return CloseGently();
    case HeadRead::What::kProxied: return TakeProxied(read);
  }
}

// The PROXY header is complete; the first bytes of a request may have arrived with it.
void Connection::TakeProxied(const HeadRead& read) {
  const auto owner = std::move(std::get<std::unique_ptr<PartialHead>>(has_));  // of read.bytes
  has_ = std::monostate();
  if (BeginHandshake(read.bytes)) return;
  if (!read.bytes.empty()) TakeFirst(read.bytes);
}

void Connection::CloseIfQuietInDrain() {
  if (!shard_.draining() || !Quiet() || shard_.now() < GraceEnd()) return;
  SetCloseReason(CloseReason::kDrain);
  CloseGently();
  if (state_ == State::kClosing) shard_.Place(Shard::List::kQuiet, *this);  // no response is on its way
}

void Connection::KeepPartial(std::string_view bytes, Head& head) {
  has_ = std::make_unique<PartialHead>(bytes, head);
  Become(State::kHead);
}

// What has arrived was not the start of a head after all, but an empty line in two pieces.
void Connection::ForgetPartial() {
  has_ = std::monostate();
  if (state_ != State::kHead) return;
  Become(requests_ > 0 ? State::kIdle : State::kFresh);
  if (shard_.draining()) SetMayHaveInput(true);  // the read that finds nothing closes it
}

// --- serving

void Connection::Serve(std::string_view bytes, bool more) noexcept {
  Guard([this, bytes, more] {
    SetMayHaveInput(more);
    driving_ = true;
    TakeFirst(bytes);
    driving_ = false;
    if (MayHaveInput() && Reading()) Drive();
  });
}

void Connection::Queue(std::string_view bytes, std::size_t head_size, Head& head) {
  if (shard_.drain().TimeoutOver() || !shard_.slots().MayQueue()) return RejectOverload(head.is_head);
  if (!HasPartial()) has_ = std::make_unique<PartialHead>(bytes, head);
  partial()->SetHeadSize(head_size);
  Become(State::kQueued);
}

void Connection::TakeSlot() noexcept {
  has_slot_ = true;
  shard_.Requeue(*this);
}

void Connection::ServeQueued() {
  if (!has_slot_) return;
  if (shard_.drain().TimeoutOver()) return RejectOverload(partial()->head().is_head);
  driving_ = true;
  StartSession(partial()->Bytes(), partial()->HeadSize(), partial()->head(), since_);
  driving_ = false;
  if (MayHaveInput() && Reading()) Drive();
}

std::unique_ptr<Session> Connection::LetGoOfSession() {
  // An empty slot for a session is as good as nothing, and spares the next one the check for what else may be there.
  if (auto* its = std::get_if<std::unique_ptr<Session>>(&has_)) [[likely]] return std::move(*its);
  has_ = std::monostate();
  return nullptr;
}

void Connection::StartSession(std::string_view bytes, std::size_t head_size, Head& head, TimePoint head_at) {
  std::unique_ptr<PartialHead> owner;  // of `bytes` and `head`, until they are copied
  if (auto* its = std::get_if<std::unique_ptr<PartialHead>>(&has_)) owner = std::move(*its);
  const bool method_is_head = head.is_head;
  Become(State::kBusy);
  Session* const session = PutIn(has_, part().sessions.TakeOrNull());
  if (session != nullptr && session->Serve(*this, bytes, head_size, head, head_at)) return;
  // The session's next connection must not find what this one has given it.
  if (auto unused = LetGoOfSession()) part().sessions.GiveBack(std::move(unused));
  SendRefusal(503, "no memory for the request", /*retry_after=*/1, method_is_head);
  ReportOutOfMemory(503);
  SetCloseReason(CloseReason::kOverload);
  CloseGently();
}

void Connection::SendRest(std::string_view responses) noexcept {
  Guard([this, responses] {
    EnsureSlot();  // as while its own session was sending
    Become(State::kBusy);
    Session* const session = PutIn(has_, part().sessions.TakeOrNull());
    if (session != nullptr && session->SendRest(*this, responses)) return;
    if (auto unused = LetGoOfSession()) part().sessions.GiveBack(std::move(unused));
    SetBroken();
    ReportOutOfMemory(0);
    SetCloseReason(CloseReason::kAborted);
    Close();
  });
}

void Connection::SessionEnded(const SessionOutcome& outcome, Head& head) noexcept {
  std::unique_ptr<Session> session = LetGoOfSession();  // owns what `outcome` and `head` refer to
  Guard([&] { AfterSession(outcome, head); });
  part().sessions.GiveBack(std::move(session));
  if (driving_ || !MayHaveInput() || !Reading()) return;
  Guard([this] { Drive(); });
}

// Decides what becomes of the connection after its last request, for now.
void Connection::AfterSession(const SessionOutcome& outcome, Head& head) {
  ReleaseSlot();
  if (outcome.keep_alive && !outcome.aborted && !Broken() && !Forced()) [[likely]] return StaysOpen(outcome, head);
  const CloseReason fault = outcome.client_failed ? CloseReason::kClient : CloseReason::kAborted;
  if (Forced() && outcome.finished && !Broken()) {
    // Waits only for a client that is still sending, so that the kernel's reset does not destroy what was sent, and for room for what is held.
    Discard(shard_.read_buffer(), Shard::kReadBytes) > 0 || HoldsOutput() ? CloseGently() : Close();
  } else if (Broken() || Forced()) {
    SetCloseReason(Forced() ? CloseReason::kForced : fault);
    Close();
  } else if (outcome.aborted) {
    SetCloseReason(fault);
    AbortGently();
  } else {
    SetCloseReason(outcome.client_failed ? CloseReason::kClient
                   : shard_.draining()   ? CloseReason::kDrain
                                         : CloseReason::kComplete);
    CloseGently();
  }
}

void Connection::StaysOpen(const SessionOutcome& outcome, Head& head) {
  Become(State::kIdle);
  empty_lines_ = head.empty_lines;
  if (!outcome.leftover.empty()) KeepPartial(outcome.leftover, head);
  // The read that finds nothing closes it, or treats half a record as half a head.
  if (shard_.draining() || InMessage()) SetMayHaveInput(true);
}

// --- timeouts, and the steps of a drain

bool Connection::Resume() noexcept {
  if (state_ == State::kClosed) return false;
  Guard([this] {
    switch (state_) {
      case State::kClosing:
      case State::kAborting: return Linger();
      case State::kQueued: return ServeQueued();
      case State::kFresh:
      case State::kIdle:
      case State::kHead: return Drive();
      case State::kHandshake: return GoOnWithHandshake();
      case State::kHttp2: return successor()->Resume();
      case State::kBusy:
      case State::kClosed: return;
    }
  });
  return true;
}

void Connection::OnTimeout() noexcept {
  Guard([this] {
    switch (state_) {
      case State::kFresh:
      case State::kHead:
      case State::kIdle:
        if (!LooksOnceMore()) return;
        SetCloseReason(CloseReason::kTimedOut);
        return CloseGently();
      case State::kHandshake:
        if (MayTakeLonger()) return shard_.Place(Shard::List::kHandshake, *this);
        shard_.observer().OnTimedOut({PeerName(), TimeoutKind::kHandshake, shard_.options().handshake_timeout});
        SetCloseReason(CloseReason::kTimedOut);
        return Close();
      case State::kQueued:
        shard_.observer().OnTimedOut({PeerName(), TimeoutKind::kRequest, shard_.options().request_timeout});
        return RejectOverload(partial()->head().is_head);
      case State::kClosing:
        // A stream that its handler has closed: a layer may still hold the end of it, as the kernel would.
        if (HoldsOutput() && !shard_.draining() && shard_.now() < LingerEnd()) {
          return shard_.Place(Shard::List::kClosing, *this, LingerEnd());
        }
        return Close();
      case State::kAborting: return LookWhetherAcknowledged();
      case State::kHttp2: return successor()->OnTimeout();
      case State::kBusy:
      case State::kClosed: return;
    }
  });
}

// The loop may have been held, and what the client sent in time may be there: a timeout counts only if there is
// nothing to read. True: it counts, and the client was notified.
bool Connection::LooksOnceMore() {
  SetMayHaveInput(true);
  driving_ = true;
  for (int i = 0; i < kReadsInARow && MayHaveInput() && Reading(); ++i) ReadOnce();
  driving_ = false;
  if (!Reading() || expiry > shard_.now()) {
    if (MayHaveInput() && Reading()) shard_.Requeue(*this);
    return false;
  }
  if (state_ == State::kHead) SendRefusal(408, "the head took too long", 0, partial()->head().is_head);
  const bool idle = state_ == State::kIdle;
  shard_.observer().OnTimedOut({PeerName(), idle ? TimeoutKind::kIdle : TimeoutKind::kHeader,
                                idle ? shard_.options().idle_timeout : shard_.options().header_timeout});
  return true;
}

void Connection::CloseUnlessSpoken() noexcept {
  Guard([this] {
    if (state_ == State::kHttp2) return successor()->BeginDrain();
    if (state_ == State::kClosing) expiry = std::min(expiry, shard_.now() + ShardDrain::kLinger);
    if (state_ == State::kHandshake && !HasGrace()) {
      SetCloseReason(CloseReason::kDrain);
      return Close();
    }
    if (!Quiet()) return;
    SetMayHaveInput(true);  // one more read, whatever the events have reported; it closes a connection that stays quiet
    if (!driving_) Drive();
  });
}

void Connection::RejectQueued() noexcept {
  Guard([this] { RejectOverload(partial()->head().is_head); });
}

void Connection::ForceClose() noexcept {
  Guard([this] {
    if (state_ == State::kQueued) return RejectOverload(partial()->head().is_head);
    SetForced();
    SetCloseReason(CloseReason::kForced);
    if (state_ == State::kHttp2) return successor()->ForceClose();
    if (state_ == State::kAborting) ResetAtEnd();
    if (state_ != State::kBusy) return Close();
    shard_.server().NoteForced(session()->request().Name() + " from " + PeerName());
    // A reset, because a regular end could be taken for the end of the response.
    if (session()->FinishByForce()) {
      static_cast<void>(ShutWrite());
    } else if (!socket().Reset()) {
      socket().ShutBoth();
    }
    session()->OnEvents({.readable = true, .writable = true});
  });
}

void Connection::Evict() noexcept {
  Guard([this] {
    if (state_ == State::kHttp2) return successor()->Evict();
    if (state_ == State::kAborting) ResetAtEnd();
    if (Reading() && HasInput()) {
      SetMayHaveInput(true);  // it has just spoken
      return Drive();
    }
    if (state_ == State::kHead) SendRefusal(408, "the head took too long", 0, partial()->head().is_head);
    ReportEvicted(state_ == State::kIdle);
    Close();
  });
}

void Connection::HandOver(std::string_view first) {
  std::unique_ptr<PartialHead> owner;  // of `first`
  if (auto* its = std::get_if<std::unique_ptr<PartialHead>>(&has_)) owner = std::move(*its);
  std::unique_ptr<Successor> made = part().successors->Make(*this);
  Become(State::kHttp2);
  has_.emplace<std::unique_ptr<Successor>>(std::move(made))->Begin(first);
}

// --- ending

void Connection::RejectBadRequest(const HeadRead& read) {
  SendRefusal(read.status, read.reason, 0, read.head->is_head);
  shard_.observer().OnBadRequest({PeerName(), read.status, read.reason});
  SetCloseReason(CloseReason::kBadRequest);
  CloseGently();
}

void Connection::RejectOverload(bool method_is_head) {
  SendRefusal(503, "too many requests at once", /*retry_after=*/1, method_is_head);
  SetCloseReason(shard_.drain().TimeoutOver() ? CloseReason::kDrain : CloseReason::kOverload);
  CloseGently();
}

void Connection::CloseGently() {
  Become(State::kClosing);
  has_ = Lingering();
  if (!ShutWrite()) return Close();
  Linger();
}

void Connection::Linger() {
  if (std::get<Lingering>(has_).Go(*this)) Close();
}

// An incomplete response must not end like a complete one, whatever its framing: many clients take the end
// of the connection for its end. A reset does that, but with it the kernel drops what the client has not received yet. So the
// reset waits until it has.
void Connection::AbortGently() {
  Become(State::kAborting);
  if (IsUnix()) return Close();  // which has no reset, and keeps what was sent for the client
  has_ = Lingering(*this);
  LookWhetherAcknowledged();
}

void Connection::LookWhetherAcknowledged() {
  if (!std::get<Lingering>(has_).Acknowledged(*this)) return Linger();
  ResetAtEnd();
  Close();
}

void Connection::Close() {
  if (state_ == State::kClosed) return;
  Become(State::kClosed);
  has_ = std::monostate();
  Unwatch(shard_.loop());
  shard_.Requeue(*this);
  if (shard_.server().connections_watched) {
    SetCloseReason(CloseReason::kClient);
    shard_.observer().OnConnectionClosed({socket().Descriptor(), PeerName(), static_cast<CloseReason>(reason_), requests_});
  }
  CloseSocket();
}

// The first lack of memory ends it, whatever it was doing. What a session holds of it ends with the session.
void Connection::Lose() noexcept {
  ReportOutOfMemory(0);
  SetCloseReason(CloseReason::kOverload);
  if (Session* its = session()) {
    SetBroken();
    its->OnEvents({.readable = true, .writable = true});
    return;
  }
  if (Successor* its = successor()) {
    SetBroken();
    return its->OnEvents({.readable = true, .writable = true});
  }
  try {
    Close();
  } catch (const std::bad_alloc&) {  // the observer gets no report
  }
}

}  // namespace weft::internal::http1
