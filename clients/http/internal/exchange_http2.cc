// SPDX-License-Identifier: Apache-2.0
//
// What of Exchange is about a stream of HTTP/2.
#include <string>
#include <utility>

#include <weft/clients/http/internal/client_shared.h>
#include <weft/clients/http/internal/exchange.h>
#include <weft/clients/http/internal/http2/client_multiplexer.h>
#include <weft/http/internal/text.h>

namespace weft::internal {

// --- the connection

bool ExchangeOnStream::Joined(Exchange& x, bool fresh) {
  if (!x.kept_connections_.Join(*x.pool_, fresh ? x.shared_number_ : 0, *x.stream_)) return false;
  x.multiplexed_ = true;
  x.kept_ = x.stream_->connection()->served;
  x.shared_number_ = x.stream_->connection()->number;
  return true;
}

// Until there is one with room, the requests that need it wait for the one that makes it; if HTTP/1.1 was agreed on, each has
// its own. Where there are as many as there may be, requests wait for a stream, in order.
Error ExchangeOnStream::TakeConnection(Exchange& x, const Context& ctx, const OutgoingRequest& request, bool fresh) {
  if (x.stream_ == nullptr) x.stream_ = std::make_unique<http2::ClientStream>(x.options().head_bytes_max);
  const TimePoint until = request.response_timeout == kUnlimited ? TimePoint::max() : Now() + request.response_timeout;
  struct InLine {
    explicit InLine(Exchange& x) : counted(x.kept_connections_.client()), place(x.pool_->line) {}
    const ClientShared::Wait counted;
    StreamLine::Place place;
  };
  for (std::optional<InLine> waits;;) {
    if (waits || x.pool_->line.Empty()) {
      if (Joined(x, fresh)) return {};
      if (!fresh) x.wire_ = x.kept_connections_.TakeIdle(*x.pool_, !MayBeRepeated(request));
      x.kept_ = x.wire_ != nullptr;
      if (x.kept_) return {};
      const bool may_connect = x.pool_->speaks_http1 || (x.pool_->attempt == nullptr && KeptConnections::MayConnect(*x.pool_));
      if (may_connect) {
        waits.reset();
        return Connect(x, ctx);
      }
      // There are new ones enough, or on their way: an older one does as well.
      if (fresh && Joined(x, /*fresh=*/false)) return {};
      if (!KeptConnections::CanShare(*x.pool_) && x.pool_->attempt != nullptr) {
        waits.reset();
        if (Error err = AwaitAttempt(x, ctx)) return err;
        continue;
      }
    }
    if (!waits) waits.emplace(x);
    if (Error err = AwaitRoom(x, ctx, until, waits->place)) return err;
  }
}

// It is first in line when it comes back.
Error ExchangeOnStream::AwaitRoom(Exchange& x, const Context& ctx, TimePoint until, StreamLine::Place& place) {
  do {
    const LoopSignal::Outcome outcome = place.Wait(ctx, until);
    if (outcome == LoopSignal::Outcome::kContextDone) return ctx.Err().Wrap("wait for a stream to " + x.url_.origin);
    if (outcome == LoopSignal::Outcome::kTimedOut) return x.MakeFailure(ClientFailure::kBusy, "the server accepts no more streams");
  } while (!place.IsFirst());
  return {};
}

// With a server that agrees to HTTP/2 and never begins to speak it the next one tries anew.
Error ExchangeOnStream::AwaitAttempt(Exchange& x, const Context& ctx) {
  const std::shared_ptr<SharedAttempt> attempt = x.pool_->attempt;
  const CancelScope limit = WithTimeout(ctx, x.options().connect_timeout);
  if (!attempt->done.Wait(limit.ctx)) return attempt->failure;
  if (Error err = ctx.Err()) return err.Wrap("connect to " + x.url_.origin);
  attempt->End(*x.pool_);
  return x.MakeFailure(ClientFailure::kTimedOut, "not connected in time");
}

Error ExchangeOnStream::Connect(Exchange& x, const Context& ctx) {
  struct Attempt {
    explicit Attempt(OriginPool& of) : pool(of) { pool.attempt = own; }
    ~Attempt() {
      if (own != nullptr) own->End(pool);
    }
    OriginPool& pool;
    std::shared_ptr<SharedAttempt> own = std::make_shared<SharedAttempt>();
  } attempt(*x.pool_);
  ClientShared& client = x.kept_connections_.client();
  Result<std::unique_ptr<ClientWire>> made = client.connector.Connect(ctx, x.url_, *x.pool_->shared, /*http2=*/true);
  if (Error err = made.Err()) {
    client.failed.fetch_add(1, std::memory_order_relaxed);
    if (!ctx.Err()) attempt.own->failure = err;
    return err;
  }
  x.NoteConnected(*std::move(made));
  x.pool_->speaks_http1 = !Connector::IsHttp2(*x.wire_);
  if (x.pool_->speaks_http1) return {};
  std::unique_ptr<SocketWire> socket(static_cast<SocketWire*>(x.wire_.release()));
  x.kept_connections_.Share(*x.pool_, std::move(socket), *x.stream_, attempt.own);
  attempt.own = nullptr;
  x.shared_number_ = x.stream_->connection()->number;
  x.multiplexed_ = true;
  return {};
}

void ExchangeOnStream::FinishIfDone(Exchange& x) noexcept {
  if (x.stream_->connection() == nullptr || x.stream_->InUse() || !x.head_done_ || !x.stream_->AtEnd() || !(x.sent_ || x.send_broken_)) return;
  if (TlsSession* tls = x.wire()->Tls()) {
    if (TlsSession::Ticket ticket = tls->TakeTicket()) x.pool_->shared->KeepTicket(std::move(ticket));
  }
  x.stream_->Leave();
  x.GiveSlotBack();
}

Error ExchangeOnStream::Failed(Exchange& x, const Context& ctx, Outcome outcome, const char* detail) {
  x.sent_any_ = x.stream_->HeadSent();
  switch (outcome) {
    case Outcome::kContext: return x.Failed(ctx, ctx.Err(), detail);
    case Outcome::kTimedOut: return x.MakeFailure(ClientFailure::kTimedOut, detail);
    case Outcome::kStalled: return x.MakeFailure(ClientFailure::kStalled, detail);
    case Outcome::kDone:
    case Outcome::kFailed: break;
  }
  const std::optional<http2::ClientStream::Failure>& failure = x.stream_->failure();
  if (!failure) return x.SendHasFailed();
  return MakeClientFailure({failure->kind, failure->processed, x.url_.origin, failure->detail});
}

// --- sending

Error ExchangeOnStream::SendHead(Exchange& x, const Context& ctx, const OutgoingRequest& request) {
  const bool whole = request.body == OutgoingRequest::Body::kWhole && !request.whole.empty();
  const bool holds_body = request.expect.has_value();
  x.unsent_body_ = whole && holds_body ? request.whole : std::string_view();
  Outcome outcome = x.stream_->Send(request, whole && !holds_body ? request.whole : std::string_view(), request.IsStreamed() || !x.unsent_body_.empty());
  const bool goes_soon = x.stream_->HeadGoesSoon();
  if (outcome == Outcome::kDone && !goes_soon) {
    const Duration limit = request.response_timeout;
    outcome = x.stream_->AwaitHeadSent(ctx, limit == kUnlimited ? TimePoint::max() : Now() + limit);
  }
  x.sent_any_ = x.stream_->HeadSent() || goes_soon;  // of a connection that ends before, the stream knows better
  if (outcome == Outcome::kDone) return {};
  x.send_broken_ = true;
  if (outcome == Outcome::kTimedOut) return x.MakeFailure(ClientFailure::kBusy, "the server accepts no more streams");
  return Failed(x, ctx, outcome, "send the request");
}

// An empty rest: that of a body in one piece, of which the stream has the view already, or the end.
Error ExchangeOnStream::Send(Exchange& x, const Context& ctx, std::string_view data, bool last) {
  if (x.send_broken_ || x.stream_->connection() == nullptr) return x.SendHasFailed();
  x.send_broken_ = true;
  const Outcome outcome = data.empty() && !x.stream_->BodyTaken() ? x.stream_->AwaitBodyTaken(ctx)
                                                                : x.stream_->SendBody(ctx, data, last, x.chunked_out_ ? x.trailers_out_ : nullptr);
  if (outcome != Outcome::kDone) return Failed(x, ctx, outcome, "send the body");
  x.send_broken_ = false;
  return {};
}

// --- receiving

void ExchangeOnStream::TakeInterims(Exchange& x) {
  while (std::optional<http2::ClientStream::Interim> interim = x.stream_->TakeInterim()) {
    if (x.on_interim_ == nullptr || !*x.on_interim_) continue;
    Fields fields;
    for (std::size_t i = 0; i < interim->fields.Size(); ++i) {
      const Fields::Field field = interim->fields.At(i);
      if (!field.name.starts_with(':')) fields.AddBorrowed(field.name, field.value);
    }
    (*x.on_interim_)(interim->status, fields);
  }
}

Error ExchangeOnStream::ReadHead(Exchange& x, const Context& ctx, TimePoint until) {
  for (;;) {
    const bool is_here = x.stream_->HeadIsHere();
    TakeInterims(x);
    x.received_any_ = x.stream_->ReceivedAny();
    if (is_here) {
      TakeFinal(x);
      return {};
    }
    const Outcome outcome = x.stream_->failure() ? Outcome::kFailed : x.stream_->AwaitHead(ctx, until);
    if (outcome == Outcome::kDone) continue;
    x.received_any_ = x.stream_->ReceivedAny();
    x.broken_ = true;
    return Failed(x, ctx, outcome, "wait for the response");
  }
}

void ExchangeOnStream::TakeFinal(Exchange& x) {
  x.head_.status = x.stream_->status();
  const http2::FieldBlock& block = x.stream_->head();
  for (std::size_t i = 0; i < block.Size(); ++i) {
    const Fields::Field field = block.At(i);
    if (!field.name.starts_with(':')) x.header_.AddBorrowed(field.name, field.value);
  }
  x.framing_ = {};
  x.stream_->CountEachByte(EqualsIgnoreCase(x.header_.Get("Content-Type").substr(0, 17), "text/event-stream"));
  x.head_done_ = true;
  x.FinishIfDone();
}

Error ExchangeOnStream::WaitForContinue(Exchange& x, const Context& ctx, TimePoint until) {
  for (;;) {
    TakeInterims(x);
    x.continued_ = x.stream_->Continued();
    x.has_verdict_ = x.stream_->HeadIsHere();
    if (x.continued_ || x.has_verdict_) return {};
    const Outcome outcome = x.stream_->AwaitHead(ctx, until);
    if (outcome == Outcome::kTimedOut) return {};
    x.has_verdict_ = outcome == Outcome::kFailed;  // ReadHead says which one
    if (x.has_verdict_) return {};
    if (outcome == Outcome::kDone) continue;
    x.broken_ = true;
    return Failed(x, ctx, outcome, "wait for 100 Continue");
  }
}

Result<std::size_t> ExchangeOnStream::Read(Exchange& x, const Context& ctx, std::span<char> buffer) {
  if (buffer.empty()) return std::size_t{0};
  std::size_t size = 0;
  if (!x.stream_->AtEnd()) {
    if (x.broken_) return MakeClientFailure({ClientFailure::kReset, true, x.url_.origin, "the response has already failed"});
    if (Error err = ctx.Err()) return err;
    const Outcome outcome = x.stream_->Read(ctx, buffer, size);
    // A caller may come back with another context: nothing of the body is lost.
    if (outcome == Outcome::kContext) return ctx.Err();
    if (outcome != Outcome::kDone) {
      x.broken_ = true;
      return Failed(x, ctx, outcome, x.ReadingDetail());
    }
  }
  if (x.stream_->AtEnd()) x.FinishIfDone();
  return size;
}

}  // namespace weft::internal
