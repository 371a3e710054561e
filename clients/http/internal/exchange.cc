// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/exchange.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <weft/clients/http/internal/client_shared.h>
#include <weft/http/internal/http1/response_head_writer.h>
#include <weft/http/internal/text.h>
#include <weft/net/internal/socket.h>

namespace weft::internal {

// --- who uses it

void Exchange::Release() noexcept {
  if (--users_ != 0) return;
  // A body that is as good as read costs less than a new connection.
  if (wire_ != nullptr && head_done_ && sent_ && !broken_ && framing_.keep_alive && !close_after_ && body_.DrainAtOnce(*wire_, kDrainMax)) {
    FinishIfDone();
  }
  home_.Recycle(this);
}

void Exchange::Reset() noexcept {
  DropWire();
  if (stream_ != nullptr) stream_->Reset();
  GiveSlotBack();
  body_.Reset();
  header_.Clear();
  head_.Reset();
  in_.Recycle(kBufferKept);
  out_.Recycle(kBufferKept);
  unsent_head_ = 0;
  unsent_body_ = {};
  on_interim_ = nullptr;
  trailers_out_ = nullptr;
  request_ = nullptr;
  head_waiter_ = nullptr;
  interims_ = 0;
  loop().Disarm(head_timer_);
  shares_ = multiplexed_ = kept_ = has_verdict_ = chunked_out_ = wants_upgrade_ = close_after_ = sent_any_ = sent_ = send_broken_ = stopped_ = continued_ = received_any_ = head_done_ =
      head_late_ = broken_ = false;
}

void Exchange::DropWire() noexcept {
  if (wire_ == nullptr) return;
  if (TlsSession* tls = wire_->Tls(); tls != nullptr && pool_ != nullptr) {
    if (TlsSession::Ticket ticket = tls->TakeTicket()) pool_->shared->KeepTicket(std::move(ticket));
  }
  wire_.reset();
  kept_connections_.client().closed.fetch_add(1, std::memory_order_relaxed);
}

void Exchange::GiveSlotBack() noexcept {
  if (pool_ == nullptr) return;
  LeaveLimits();
  --pool_->users;
  pool_ = nullptr;
}

void Exchange::LeaveLimits() noexcept {
  if (has_slot_) pool_->shared->slots.Release();
  has_slot_ = false;
  if (!multiplexed_ || stream_->connection() == nullptr) return;
  stream_->endless = true;
  pool_->line.Look();
}

void Exchange::KeepConnection() noexcept {
  if (wire_ != nullptr) kept_connections_.Keep(std::move(wire_));
}

ClientWire* Exchange::wire() {
  if (!multiplexed_) return wire_.get();
  return stream_->connection() != nullptr ? &stream_->connection()->wire() : nullptr;
}

void Exchange::FinishIfDone() noexcept {
  if (multiplexed_) return ExchangeOnStream::FinishIfDone(*this);
  if (wire_ == nullptr || !head_done_ || !sent_ || !body_.AtEnd() || framing_.tunnel) return;
  if (framing_.keep_alive && !close_after_ && !broken_ && !body_.HasExcess()) {
    if (TlsSession* tls = wire_->Tls()) {
      if (TlsSession::Ticket ticket = tls->TakeTicket()) pool_->shared->KeepTicket(std::move(ticket));
    }
    kept_connections_.Keep(std::move(wire_));
  } else {
    DropWire();
  }
  GiveSlotBack();
}

std::unique_ptr<ClientWire> Exchange::TakeWire(std::string& first) {
  first = body_.pending();
  wire_->LiftPace();
  wire_->pool = nullptr;
  std::unique_ptr<ClientWire> wire = std::move(wire_);
  GiveSlotBack();
  return wire;
}

// --- failures

Error Exchange::MakeFailure(ClientFailure::Kind kind, std::string detail, const Error& cause) const {
  return MakeClientFailure({kind, sent_any_, url_.origin, std::move(detail)}, cause);
}

Error Exchange::FailWith(ClientFailure::Kind kind, std::string detail, const Error& cause) {
  broken_ = true;
  return MakeFailure(kind, std::move(detail), cause);
}

Error Exchange::Failed(const Context& ctx, const Error& error, const char* detail) const {
  if (head_late_) return MakeFailure(ClientFailure::kTimedOut, detail);
  if (Error err = ctx.Err()) return err.Wrap(method_ + " " + url_.Shown());
  if (error.Is(ClientWire::Stalled())) return MakeFailure(ClientFailure::kStalled, detail);
  if (error.Is(kTimeout)) return MakeFailure(ClientFailure::kTimedOut, detail);
  return MakeFailure(ClientFailure::kReset, std::string(detail) + ": " + error.Message(), error);
}

// --- sending

Error Exchange::Connect(const Context& ctx, const OutgoingRequest& request, bool fresh) {
  url_ = *request.url;
  method_ = request.method;
  shares_ = url_.secure && options().http2 && !NeedsHttp1(request);
  pool_ = &kept_connections_.Use(url_.origin);
  if (!request.without_slot) {
    if (Error err = kept_connections_.client().TakeSlot(ctx, *pool_->shared)) return err;
    has_slot_ = true;
  }
  return TakeConnection(ctx, request, fresh);
}

Error Exchange::Reconnect(const Context& ctx, const OutgoingRequest& request) {
  DropWire();
  if (stream_ != nullptr) stream_->Reset();
  multiplexed_ = false;
  in_.Clear();
  head_.Reset();
  interims_ = 0;
  sent_any_ = sent_ = send_broken_ = stopped_ = continued_ = has_verdict_ = received_any_ = head_done_ = head_late_ = broken_ = false;
  return TakeConnection(ctx, request, /*fresh=*/true);
}

// A connection whose end goes unnoticed is only good for requests that may be sent again.
Error Exchange::TakeConnection(const Context& ctx, const OutgoingRequest& request, bool fresh) {
  if (shares_) return ExchangeOnStream::TakeConnection(*this, ctx, request, fresh);
  if (!fresh) wire_ = kept_connections_.TakeIdle(*pool_, !MayBeRepeated(request));
  kept_ = wire_ != nullptr;
  if (kept_) return {};
  ClientShared& client = kept_connections_.client();
  Result<std::unique_ptr<ClientWire>> made = client.connector.Connect(ctx, url_, *pool_->shared, /*http2=*/false);
  if (Error err = made.Err()) {
    client.failed.fetch_add(1, std::memory_order_relaxed);
    return err;
  }
  NoteConnected(*std::move(made));
  return {};
}

void Exchange::NoteConnected(std::unique_ptr<ClientWire> wire) {
  kept_connections_.client().opened.fetch_add(1, std::memory_order_relaxed);
  wire_ = std::move(wire);
  wire_->pool = pool_;
}

Error Exchange::SendHead(const Context& ctx, const OutgoingRequest& request) {
  out_.Clear();
  chunked_out_ = request.IsChunked();
  left_to_send_ = request.length.value_or(0);
  trailers_out_ = request.trailers;
  close_after_ = RequestsClose(request.fields);
  wants_upgrade_ = request.fields != nullptr && request.fields->Has("Upgrade");
  on_interim_ = request.on_interim;
  if (multiplexed_) return ExchangeOnStream::SendHead(*this, ctx, request);
  WriteRequestHead(out_, request);
  unsent_head_ = 0;
  const bool holds_body = request.expect.has_value();
  unsent_body_ = request.body == OutgoingRequest::Body::kWhole ? request.whole : std::string_view();
  std::array<iovec, 2> parts{Part(out_.View()), Part(unsent_body_)};
  const Result<std::size_t> sent = wire_->WriteAtOnce(parts.data(), unsent_body_.empty() || holds_body ? 1 : 2);
  if (Error err = sent.Err()) {
    send_broken_ = true;
    return Failed(ctx, err, "send the request");
  }
  sent_any_ = *sent > 0;
  unsent_head_ = std::min(*sent, out_.size());
  unsent_body_.remove_prefix(*sent - unsent_head_);
  // The head goes out in any case: what follows it may wait for something.
  if (unsent_head_ == out_.size()) return {};
  if (!holds_body && !unsent_body_.empty()) return {};
  std::string_view held;
  std::swap(held, unsent_body_);
  Error err = SendUnsent(ctx);
  unsent_body_ = held;
  return err;
}

Error Exchange::SendUnsent(const Context& ctx) {
  if (multiplexed_) return ExchangeOnStream::Send(*this, ctx, std::exchange(unsent_body_, {}), /*last=*/true);
  std::array<iovec, 2> parts{Part(out_.View().substr(unsent_head_)), Part(unsent_body_)};
  sent_any_ = true;
  unsent_head_ = out_.size();
  unsent_body_ = {};
  const std::size_t first = parts[0].iov_len == 0 ? 1 : 0;
  const std::size_t count = (parts[1].iov_len == 0 ? 1u : 2u) - first;
  return WriteOut(ctx, parts.data() + first, count, "send the request");
}

Error Exchange::WriteOut(const Context& ctx, iovec* parts, std::size_t count, const char* detail) {
  if (send_broken_ || wire_ == nullptr) return SendHasFailed();
  send_broken_ = true;
  if (Error err = wire_->Write(ctx, parts, count)) return Failed(ctx, err, detail);
  send_broken_ = false;
  return {};
}

Error Exchange::SendPiece(const Context& ctx, std::string_view data) {
  if (data.empty()) return {};
  if (send_broken_ || wire() == nullptr) return SendHasFailed();
  sent_any_ = true;
  char header[kChunkHeaderMax];
  char* const end = header + sizeof(header);
  std::array<iovec, 3> parts{};
  std::size_t count = 0;
  if (chunked_out_ && !multiplexed_) {
    char* const begin = WriteChunkHeaderBefore(end, data.size());
    parts = {iovec{begin, static_cast<std::size_t>(end - begin)}, Part(data), Part(kChunkEnd)};
    count = 3;
  } else {
    if (!chunked_out_ && data.size() > left_to_send_) {
      send_broken_ = true;
      return Error::New("the body of the request is longer than its Content-Length");
    }
    if (!chunked_out_) left_to_send_ -= data.size();
    if (multiplexed_) return ExchangeOnStream::Send(*this, ctx, data, /*last=*/!chunked_out_ && left_to_send_ == 0);
    parts[0] = Part(data);
    count = 1;
  }
  return WriteOut(ctx, parts.data(), count, "send the body");
}

Error Exchange::EndBody(const Context& ctx) {
  if (sent_) return {};
  if (send_broken_ || wire() == nullptr) return SendHasFailed();
  if (chunked_out_) {
    if (request_ != nullptr) trailers_out_ = ClientRequestAccess::Trailer(*request_);  // which may have come since
    if (trailers_out_ != nullptr) {
      if (!trailers_out_->Refused().empty()) {
        send_broken_ = true;
        return Error::New(std::string(trailers_out_->Refused()));
      }
    }
    if (multiplexed_) {
      if (Error err = ExchangeOnStream::Send(*this, ctx, {}, /*last=*/true)) return err;
      return NoteSent(), Error();
    }
    std::string last(kLastChunk);
    if (trailers_out_ != nullptr) {
      last.resize(WriteLastChunk(nullptr, 0, *trailers_out_));
      WriteLastChunk(last.data(), last.size(), *trailers_out_);
    }
    iovec part = Part(last);
    if (Error err = WriteOut(ctx, &part, 1, "send the body")) return err;
  } else if (left_to_send_ != 0) {
    send_broken_ = true;
    return Error::New("the body of the request is " + std::to_string(left_to_send_) + " bytes shorter than its Content-Length");
  } else if (multiplexed_ && !stream_->EndSent()) {
    if (Error err = ExchangeOnStream::Send(*this, ctx, {}, /*last=*/true)) return err;
  }
  NoteSent();
  return {};
}

void Exchange::NoteSent() {
  if (sent_ || send_broken_) return;
  sent_ = true;
  LimitHead(head_limit_);
  FinishIfDone();
}

void Exchange::StopSending() {
  send_broken_ = stopped_ = true;
  if (!multiplexed_) return;
  stream_->StopSending();
  FinishIfDone();
}

void Exchange::LimitHead(Duration limit) {
  if (head_waiter_ != nullptr && limit != kUnlimited) loop().Arm(head_timer_, Now() + limit);
}

void Exchange::HeadIsLate() noexcept {
  head_late_ = true;
  if (head_waiter_ != nullptr) (*head_waiter_)();
}

// --- receiving

Error Exchange::ReadHead(const Context& ctx, TimePoint until) {
  return multiplexed_ ? ExchangeOnStream::ReadHead(*this, ctx, until) : ExchangeOnWire::ReadHead(*this, ctx, until);
}

Error Exchange::ReadHeadAfterBody(const Context& ctx, Duration limit) {
  const CancelScope waiting = WithCancel(ctx);
  // Also when a call of OnInterim throws: then what is half read is not read on.
  struct Listening {
    Exchange& exchange;
    bool whole = false;
    ~Listening() {
      exchange.head_waiter_ = nullptr;
      exchange.loop().Disarm(exchange.head_timer_);
      if (!whole) exchange.broken_ = true;
    }
  } listening{*this};
  head_limit_ = limit;
  head_waiter_ = &waiting.cancel;
  if (sent_) LimitHead(limit);
  Error err = ReadHead(waiting.ctx, TimePoint::max());
  listening.whole = head_done_;
  return err;
}

// One that knows nothing of Expect never asks: then the body is sent all the same (RFC 9110 section 10.1.1).
Error Exchange::WaitForContinue(const Context& ctx, Duration wait) {
  const TimePoint until = wait >= TimePoint::max() - Now() ? TimePoint::max() : Now() + wait;
  return multiplexed_ ? ExchangeOnStream::WaitForContinue(*this, ctx, until) : ExchangeOnWire::WaitForContinue(*this, ctx, until);
}

std::uint64_t Exchange::BytesLeft() const {
  if (!multiplexed_) return body_.BytesLeft();
  if (stream_->AtEnd()) return 0;
  return stream_->length().value_or(std::numeric_limits<std::uint64_t>::max());
}

Error Exchange::ReadEnd(const Context& ctx) {
  char beyond = 0;
  return !multiplexed_ || stream_->AtEnd() ? Error() : Read(ctx, {&beyond, 1}).Err();
}

// A server that responds while it reads may wait for the rest of the request, which never comes.
const char* Exchange::ReadingDetail() const {
  return stopped_ ? "read the body of a response that began before the request was sent completely (with HttpClient::Open, a request can be sent to its end)" : "read the body of the response";
}

Result<std::size_t> Exchange::Read(const Context& ctx, std::span<char> buffer) {
  if (multiplexed_) return ExchangeOnStream::Read(*this, ctx, buffer);
  if (buffer.empty() || body_.AtEnd()) return std::size_t{0};
  if (broken_ || wire_ == nullptr) return MakeClientFailure({ClientFailure::kReset, true, url_.origin, "the response has already failed"});
  if (Error err = ctx.Err()) return err;
  const char* wrong = nullptr;
  const Result<std::size_t> got = body_.Read(*wire_, ctx, buffer, wrong);
  if (Error err = got.Err()) {
    // A caller may come back with another context: nothing of the body is lost.
    if (Error ended = ctx.Err()) return ended;
    broken_ = true;
    return Failed(ctx, err, ReadingDetail());
  }
  if (wrong != nullptr) {
    return FailWith(wrong == IncomingBody::kCutShort ? ClientFailure::kEnded : ClientFailure::kMalformed, wrong);
  }
  if (body_.AtEnd()) FinishIfDone();
  return got;
}

}  // namespace weft::internal
