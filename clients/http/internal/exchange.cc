// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/exchange.h>

#include <algorithm>
#include <array>
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
  kept_ = has_verdict_ = chunked_out_ = wants_upgrade_ = close_after_ = sent_any_ = sent_ = send_broken_ = continued_ = received_any_ = head_done_ =
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
}

void Exchange::FinishIfDone() noexcept {
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
  pool_ = &kept_connections_.Use(url_.origin);
  if (!request.without_slot) {
    if (Error err = kept_connections_.client().TakeSlot(ctx, *pool_->shared)) return err;
    has_slot_ = true;
  }
  return TakeConnection(ctx, fresh, MayBeRepeated(request));
}

Error Exchange::Reconnect(const Context& ctx, const OutgoingRequest& request) {
  DropWire();
  in_.Clear();
  head_.Reset();
  interims_ = 0;
  sent_any_ = sent_ = send_broken_ = continued_ = has_verdict_ = received_any_ = head_done_ = head_late_ = broken_ = false;
  return TakeConnection(ctx, /*fresh=*/true, MayBeRepeated(request));
}

// A connection whose end nobody sees is only good for what may be sent again.
Error Exchange::TakeConnection(const Context& ctx, bool fresh, bool repeatable) {
  if (!fresh) wire_ = kept_connections_.TakeIdle(*pool_, !repeatable);
  kept_ = wire_ != nullptr;
  if (kept_) return {};
  ClientShared& client = kept_connections_.client();
  Result<std::unique_ptr<ClientWire>> made = client.connector.Connect(ctx, url_, *pool_->shared);
  if (Error err = made.Err()) {
    client.failed.fetch_add(1, std::memory_order_relaxed);
    return err;
  }
  client.opened.fetch_add(1, std::memory_order_relaxed);
  wire_ = *std::move(made);
  wire_->pool = pool_;
  return {};
}

Error Exchange::SendHead(const Context& ctx, const OutgoingRequest& request) {
  out_.Clear();
  WriteRequestHead(out_, request);
  chunked_out_ = request.IsChunked();
  left_to_send_ = request.length.value_or(0);
  trailers_out_ = request.trailers;
  close_after_ = RequestsClose(request.fields);
  wants_upgrade_ = request.fields != nullptr && request.fields->Has("Upgrade");
  on_interim_ = request.on_interim;
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
  if (send_broken_ || wire_ == nullptr) return SendHasFailed();
  sent_any_ = true;
  char header[kChunkHeaderMax];
  char* const end = header + sizeof(header);
  std::array<iovec, 3> parts{};
  std::size_t count = 0;
  if (chunked_out_) {
    char* const begin = WriteChunkHeaderBefore(end, data.size());
    parts = {iovec{begin, static_cast<std::size_t>(end - begin)}, Part(data), Part(kChunkEnd)};
    count = 3;
  } else {
    if (data.size() > left_to_send_) {
      send_broken_ = true;
      return Error::New("the body of the request is longer than its Content-Length");
    }
    left_to_send_ -= data.size();
    parts[0] = Part(data);
    count = 1;
  }
  return WriteOut(ctx, parts.data(), count, "send the body");
}

Error Exchange::EndBody(const Context& ctx) {
  if (sent_) return {};
  if (send_broken_ || wire_ == nullptr) return SendHasFailed();
  if (chunked_out_) {
    std::string last(kLastChunk);
    if (request_ != nullptr) trailers_out_ = ClientRequestAccess::Trailer(*request_);  // which may have come since
    if (trailers_out_ != nullptr) {
      if (!trailers_out_->Refused().empty()) {
        send_broken_ = true;
        return Error::New(std::string(trailers_out_->Refused()));
      }
      last.resize(WriteLastChunk(nullptr, 0, *trailers_out_));
      WriteLastChunk(last.data(), last.size(), *trailers_out_);
    }
    iovec part = Part(last);
    if (Error err = WriteOut(ctx, &part, 1, "send the body")) return err;
  } else if (left_to_send_ != 0) {
    send_broken_ = true;
    return Error::New("the body of the request is " + std::to_string(left_to_send_) + " bytes shorter than its Content-Length");
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

void Exchange::LimitHead(Duration limit) {
  if (head_waiter_ != nullptr && limit != kUnlimited) loop().Arm(head_timer_, Now() + limit);
}

void Exchange::HeadIsLate() noexcept {
  head_late_ = true;
  if (head_waiter_ != nullptr) (*head_waiter_)();
}

// --- receiving

Error Exchange::FillHead(const Context& ctx, TimePoint until) {
  wire_->AwaitHead(in_.empty());
  const Result<std::size_t> got = wire_->Read(ctx, {in_.Reserve(kHeadRoom), kHeadRoom}, until);
  wire_->AwaitHead(false);
  if (Error err = got.Err()) return err;
  if (*got == 0) return kClosed;
  received_any_ = true;
  in_.Grow(*got);
  return {};
}

Error Exchange::ReadHead(const Context& ctx, TimePoint until) {
  const ResponseLimits limits{.head_bytes = options().head_bytes_max};
  for (;;) {
    if (!in_.empty()) {
      const ResponseResult result = ParseResponseHead(in_.View(), limits, head_);
      switch (result.verdict) {
        case ResponseResult::Verdict::kNeedMore:
          break;
        case ResponseResult::Verdict::kBad:
          return FailWith(ClientFailure::kMalformed, result.reason);
        case ResponseResult::Verdict::kTooLarge:
          return FailWith(ClientFailure::kTooLarge, result.reason);
        case ResponseResult::Verdict::kDone:
          if (head_.status >= 200 || head_.status == 101) return TakeFinal(result);
          if (Error err = TakeInterim(result)) return err;
          continue;
      }
    }
    if (Error err = FillHead(ctx, until)) {
      broken_ = true;
      if (!err.Is(kClosed)) return Failed(ctx, err, "wait for the response");
      return FailWith(ClientFailure::kEnded, received_any_ ? "within the head of the response" : "before the response");
    }
  }
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

Error Exchange::TakeInterim(const ResponseResult& result) {
  if (++interims_ > kInterimsMax) return FailWith(ClientFailure::kMalformed, "too many interim responses");
  if (head_.status == 100) {
    continued_ = true;
  } else if (on_interim_ != nullptr && *on_interim_) {
    Fields fields;
    head_.AppendFieldsTo(fields, in_.data());
    (*on_interim_)(head_.status, fields);
  }
  in_.EraseFront(result.consumed);
  head_.Reset();
  return {};
}

Error Exchange::TakeFinal(const ResponseResult& result) {
  if (head_.status == 101 && !(wants_upgrade_ && head_.connection_upgrade && head_.has_upgrade)) {
    return FailWith(ClientFailure::kMalformed, "101 to a request that has not asked for it");
  }
  head_.AppendFieldsTo(header_, in_.data());
  framing_ = FrameReceived(head_, {.head = method_ == "HEAD", .connect = method_ == "CONNECT"});
  body_.Begin(framing_, in_.View().substr(result.consumed));
  wire_->CountEachByte(EqualsIgnoreCase(header_.Get("Content-Type").substr(0, 17), "text/event-stream"));
  head_done_ = true;
  FinishIfDone();
  return {};
}

// One that knows nothing of Expect never asks: then the body is sent all the same (RFC 9110 section 10.1.1).
Error Exchange::WaitForContinue(const Context& ctx, Duration wait) {
  const TimePoint until = wait >= TimePoint::max() - Now() ? TimePoint::max() : Now() + wait;
  const ResponseLimits limits{.head_bytes = options().head_bytes_max};
  for (;;) {
    if (!in_.empty()) {
      const ResponseResult result = ParseResponseHead(in_.View(), limits, head_);
      if (result.verdict == ResponseResult::Verdict::kDone && head_.status < 200 && head_.status != 101) {
        if (Error err = TakeInterim(result)) return err;
        if (continued_) return {};
        continue;
      }
      if (result.verdict != ResponseResult::Verdict::kNeedMore) {  // ReadHead takes it
        head_.Reset();
        has_verdict_ = true;
        return {};
      }
    }
    if (Error err = FillHead(ctx, until)) {
      if (!ctx.Err() && err.Is(kTimeout)) return {};
      broken_ = true;
      if (!err.Is(kClosed)) return Failed(ctx, err, "wait for 100 Continue");
      return FailWith(ClientFailure::kEnded, "before the response");
    }
  }
}

Result<std::size_t> Exchange::Read(const Context& ctx, std::span<char> buffer) {
  if (buffer.empty() || body_.AtEnd()) return std::size_t{0};
  if (broken_ || wire_ == nullptr) return MakeClientFailure({ClientFailure::kReset, true, url_.origin, "the response has failed before"});
  if (Error err = ctx.Err()) return err;
  const char* wrong = nullptr;
  const Result<std::size_t> got = body_.Read(*wire_, ctx, buffer, wrong);
  if (Error err = got.Err()) {
    // A caller may come back with another context: nothing of the body is lost.
    if (Error ended = ctx.Err()) return ended;
    broken_ = true;
    return Failed(ctx, err, "read the body of the response");
  }
  if (wrong != nullptr) {
    return FailWith(wrong == IncomingBody::kCutShort ? ClientFailure::kEnded : ClientFailure::kMalformed, wrong);
  }
  if (body_.AtEnd()) FinishIfDone();
  return got;
}

}  // namespace weft::internal
