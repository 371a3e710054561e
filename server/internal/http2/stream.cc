// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http2/stream.h>

#include <algorithm>
#include <new>
#include <utility>

#include <weft/concurrency/scope.h>
#include <weft/handlers/handler.h>
#include <weft/http/internal/http1/field_rules.h>
#include <weft/http/internal/http2/response_fields.h>

namespace weft::internal::http2 {
namespace {

constexpr std::size_t kFiberName = FiberOptions::kNameMax;
constexpr std::uint32_t kInitialWindow = 65535;

}  // namespace

Stream::Stream(Shard& shard)
    : shard_(shard), run_(shard, *this), body_(shard, *this), framer_(shard, *this, *this), tunnel_(body_, framer_, run_) {}

void Stream::Begin(StreamHost& host) {
  host_ = &host;
  state_ = State::kHead;
  has_slot_ = head_complete_ = closed_ = ended_well_ = discards_ = false;
  discarded_ = trailer_bytes_ = 0;
  ends_by = TimePoint::max();
  taken_before = 0;
  lingers = false;
  head_.Begin();
  body_.Begin();
  framer_.Begin(host, /*method_is_head=*/false, /*method_is_connect=*/false);
  tunnel_.Begin();
  run_.ForgetClient();
}

void Stream::Recycle() {
  head_.Begin();
  body_.Recycle();
  framer_.Recycle();
  host_ = nullptr;
}

// --- what the session reports

bool Stream::OnField(std::string_view name, std::string_view value) {
  const HeadLimits& limits = shard_.server().limits;
  if (!head_complete_) return head_.Add(name, value, limits);
  // The response may have begun before trailers arrive. If they are too long, the body cannot be read to its end; the connection continues.
  trailer_bytes_ += name.size() + value.size() + 32;
  if (trailer_bytes_ > limits.head_bytes || body_.Trailer().Size() >= limits.fields) {
    body_.NoteTrailerTooLarge();
    return trailer_bytes_ <= 4ULL * limits.head_bytes;
  }
  if (!IsForbiddenTrailer(name)) body_.Trailer().Add(name, value);
  return true;
}

Refusal Stream::CheckHead() {
  head_at_ = shard_.now();
  const Refusal refusal = head_.Check(shard_.server().limits, shard_.options().http2_extended_connect);
  framer_.Begin(*host_, head_.IsHead(), head_.IsConnect());
  return refusal;
}

void Stream::OnData(std::string_view bytes) {
  host_->NoteUnread(bytes.size());
  if (!discards_) return body_.Append(bytes);
  host_->NoteRead(bytes.size());
  host_->session().GiveBackStream(*this, bytes.size());
  discarded_ += bytes.size();
  if (discarded_ > kDiscardMax) ends_by = TimePoint::min();
}

void Stream::OnClosed(ErrorCode code, bool by_peer) {
  closed_ = true;
  ended_well_ = code == ErrorCode::kNoError && !by_peer && framer_.Framed();
  host_->NoteClosed(*this);
}

// A body that has arrived completely may still be read: its client has done its part.
void Stream::CloseBothSides() noexcept {
  closed_ = true;
  if (!body_.Ended()) DropUnread();
  body_.NoteClosed();
  framer_.NoteClosed();
}

void Stream::DropUnread() noexcept { host_->NoteRead(body_.DropUnread()); }

void Stream::NoteGone() noexcept {
  CloseBothSides();
  if (!ended_well_) run_.NoteClientGone();
}

void Stream::DiscardBody() {
  discards_ = true;
  if (const std::size_t unread = body_.DropUnread(); unread > 0) {
    host_->NoteRead(unread);
    host_->session().GiveBackStream(*this, unread);
    discarded_ += unread;
  }
}

Error Stream::WhyClosed() const {
  if (host_->client().Forced()) return kServerClosing;
  return host_->Stalled() ? kTimeout : kClientGone;
}

// --- slots

void Stream::PutIntoQueue() {
  state_ = State::kQueued;
  shard_.slots().NoteQueued();
  shard_.Place(Shard::List::kQueued, *this);
}

void Stream::LeaveQueue() {
  if (!Linked()) return;  // was never in it, has left it, or was taken out with a slot
  Unlink();
  shard_.slots().NoteLeftQueue();
}

void Stream::ReleaseSlot() {
  if (std::exchange(has_slot_, false)) shard_.slots().Release();
}

void Stream::TakeSlot() noexcept {
  has_slot_ = true;
  host_->NoteSlot(*this);
}

void Stream::OnTimeout() noexcept {
  try {
    shard_.observer().OnTimedOut({PeerName(), TimeoutKind::kRequest, shard_.options().request_timeout});
  } catch (const std::bad_alloc&) {  // the observer gets no report
  }
  RejectQueued();
}

void Stream::RejectQueued() noexcept {
  LeaveQueue();
  host_->NoteSlot(*this);
}

void Stream::Refuse(const Refusal& refusal, int retry_after) {
  state_ = State::kEnding;
  framer_.Refuse(refusal.status, refusal.reason, retry_after);
}

// --- serving

bool Stream::Start() {
  state_ = State::kServed;
  char name[kFiberName];
  const std::string_view method = head_.Method();
  const std::string_view target = head_.IsConnect() ? head_.Target() : head_.RawPath();
  const std::size_t m = method.copy(name, sizeof(name) - 1);
  name[m] = ' ';
  const std::size_t t = target.copy(name + m + 1, sizeof(name) - m - 1);
  FiberOptions options;
  options.name = {name, m + 1 + t};
  options.parent = host_->OwnerOfFibers();
  shard_.requests().Add(run_);
  if (!shard_.loop().Start(*this, options)) return true;
  shard_.requests().Remove(run_);
  return false;
}

void Stream::Run() {
  const ScopedWork work;
  try {
    const ScopedContext current(run_.Begin(head_at_));
    try {
      Respond();
    } catch (const std::bad_alloc&) {
      Lose();
    }
    run_.End();
  } catch (const std::bad_alloc&) {  // of the request's context
    Lose();
  }
}

void Stream::Ended() noexcept {
  shard_.requests().Remove(run_);
  ReleaseSlot();
  state_ = State::kEnding;
  host_->OnFiberEnded(*this);
}

void Stream::Respond() {
  body_.Expect(head_.ContentLength(), head_.ExpectsContinue(), run_.Trailer());
  RequestHead request;
  FillRequest(request);
  const bool has_body = !(body_.Ended() && body_.Unread() == 0) && !head_.IsConnect() && !head_.IsExtended();
  // After either CONNECT a 2xx promises a tunnel (RFC 8441 section 5).
  run_.Start(request, has_body ? &body_ : nullptr, framer_, head_.IsHead(), head_.IsConnect() || head_.IsExtended());
  const Error handlers = run_.CallHandler();
  const Error failure = run_.Complete(handlers);
  if (tunnel_.TakenOver() && !closed_ && !run_.ResponseAborted()) static_cast<void>(framer_.EndTunnel());
  run_.Report(handlers, failure, tunnel_.TakenOver());
}

void Stream::FillRequest(RequestHead& request) {
  head_.AppendTo(run_.Header());
  request.method = head_.Method();
  request.target = head_.Target();
  request.raw_path = head_.RawPath();
  request.raw_query = head_.Query();
  request.host = head_.Authority();
  request.version_major = 2;
  request.version_minor = 0;
  request.secure = host_->client().Layered();
}

void Stream::Lose() noexcept {
  const int status = framer_.Lose();
  host_->client().ReportOutOfMemory(status);
}

void Stream::FinishByForce() {
  if (!framer_.HeadSent() && !tunnel_.TakenOver()) {
    framer_.Refuse(503, "the server is closing", 0);
  } else if (!framer_.Complete()) {
    framer_.Abort();
  }
}

// --- what body and response ask for

Error Stream::SendContinue() {
  if (framer_.HeadSent()) return {};
  Fields none;
  return framer_.SendInformational(100, none);
}

void Stream::OnFirstRead() {
  const std::uint32_t window = shard_.options().stream_window_bytes;
  // A window smaller than that of RFC 9113 section 6.9.2 is in the SETTINGS, and would be subtracted twice.
  if (Open() && !body_.Ended() && window > kInitialWindow) {
    host_->session().GrowWindow(*this, window);
    host_->SendSoon();
  }
}

void Stream::OnRead(std::size_t bytes) {
  host_->NoteRead(bytes);
  if (!Open() || body_.Ended()) return;
  host_->session().GiveBackStream(*this, bytes);
  host_->SendSoon();
}

void Stream::OnReadStalled() {
  shard_.observer().OnTimedOut({PeerName(), TimeoutKind::kBodyStall, shard_.options().body_stall_timeout, run_.Id()});
}

void Stream::OnBadTrailer(int status, std::string_view reason) {
  shard_.observer().OnBadRequest({PeerName(), status, reason, run_.Id()});
}

void Stream::OnWriteStalled() {
  shard_.observer().OnTimedOut({PeerName(), TimeoutKind::kWriteStall, shard_.options().write_stall_timeout, run_.Id()});
  run_.Cancel(kTimeout);
}

// Only CONNECT can lead to another protocol: the rest of the connection belongs to other streams.
Error Stream::MayHijack(int status, Fields& header) {
  if (!head_.IsConnect() && !head_.IsExtended()) return Error::New("Hijack: over HTTP/2, only a CONNECT request can be taken over");
  if (status == 0) return Error::New("Hijack: over HTTP/2, a status must be chosen first, by WriteHeader");
  if (Error err = run_.PrepareHijack(status, header, /*body_read=*/true)) return err;
  return run_.LongLived() ? Error() : kRefused.Wrap("Hijack: too many long-lived requests");
}

// RFC 8441 section 5: what 101 says over HTTP/1.1, 200 says here.
Result<StreamTransport*> Stream::Hijack(int status, Fields& header) {
  tunnel_.TakeOver();
  if (Error err = framer_.SendTunnelHead(status == 101 ? 200 : status, header)) return err;
  return static_cast<StreamTransport*>(&tunnel_);
}

void Stream::OnLongLived() {
  ReleaseSlot();
  host_->client().Probe();
}

}  // namespace weft::internal::http2
