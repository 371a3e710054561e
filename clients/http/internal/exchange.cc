// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/exchange.h>

#include <utility>

#include <weft/clients/http/internal/client_shared.h>

namespace weft::internal {

// --- who uses it

void Exchange::Release() noexcept {
  if (--users_ != 0) return;
  // Reading the little that is left of a body costs less than a new connection.
  if (sent_ && http1_.DrainAtOnce()) FinishIfDone();
  home_.Recycle(this);
}

void Exchange::Reset() noexcept {
  head_limit_.Stop();
  Forget();
  GiveSlotBack();
  header_.Clear();
  request_.on_interim = nullptr;
  request_.trailers = nullptr;
  own_request_ = nullptr;
  shares_ = multiplexed_ = kept_ = false;
  http2_.ForgetNumber();
}

// What an attempt has left.
void Exchange::Forget() noexcept {
  if (http1_.wire() != nullptr) kept_connections_.Close(http1_.GiveWire());
  http1_.Reset();
  http2_.Reset();
  sent_ = send_broken_ = stopped_ = request_.sent_any = request_.head_late = false;
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
  if (!multiplexed_ || !http2_.HasConnection()) return;
  http2_.NoteEndless();
  pool_->line.Look();
}

void Exchange::KeepConnection() noexcept {
  if (http1_.wire() != nullptr) kept_connections_.Keep(http1_.GiveWire());
}

void Exchange::FinishIfDone() noexcept {
  if (multiplexed_) {
    if (!http2_.Done() || !(sent_ || send_broken_)) return;
    KeptConnections::TakeTicket(*http2_.wire(), *pool_);
    http2_.Leave();
  } else {
    if (!http1_.Done() || !sent_) return;
    if (http1_.MayBeKept()) {
      KeptConnections::TakeTicket(*http1_.wire(), *pool_);
      kept_connections_.Keep(http1_.GiveWire());
    } else {
      kept_connections_.Close(http1_.GiveWire());
    }
  }
  GiveSlotBack();
}

std::unique_ptr<ClientWire> Exchange::TakeWire(std::string& first) {
  first = http1_.pending();
  std::unique_ptr<ClientWire> wire = http1_.GiveWire();
  wire->LiftPace();
  wire->pool = nullptr;
  GiveSlotBack();
  return wire;
}

Error Exchange::FailWith(ClientFailure::Kind kind, std::string detail) {
  Break();
  return request_.Failure(kind, std::move(detail));
}

// --- sending

Error Exchange::Connect(const Context& ctx, const OutgoingRequest& request, bool fresh) {
  request_.url = *request.url;
  request_.method = request.method;
  const ClientShared& client = kept_connections_.client();
  shares_ = request_.url.secure && client.options.http2 && !NeedsHttp1(request);
  pool_ = &kept_connections_.Use(request_.url.origin);
  if (!request.without_slot) {
    if (Error err = kept_connections_.client().TakeSlot(ctx, *pool_->shared)) return err;
    has_slot_ = true;
  }
  return TakeConnection(ctx, request, fresh);
}

Error Exchange::Reconnect(const Context& ctx, const OutgoingRequest& request) {
  Forget();
  multiplexed_ = false;
  return TakeConnection(ctx, request, /*fresh=*/true);
}

// A connection whose end may go unnoticed is usable only for requests that may be sent again.
Error Exchange::TakeConnection(const Context& ctx, const OutgoingRequest& request, bool fresh) {
  if (shares_) {
    Result<ConnectionSearch::Found> found = http2_.Connect(ctx, request, fresh, kept_connections_, *pool_);
    if (Error err = found.Err()) return err;
    multiplexed_ = found->own == nullptr;
    kept_ = found->kept;
    http1_.Use(std::move(found->own));
    return {};
  }
  if (!fresh) http1_.Use(kept_connections_.TakeIdle(*pool_, !MayBeRepeated(request)));
  kept_ = http1_.wire() != nullptr;
  if (kept_) return {};
  Result<std::unique_ptr<ClientWire>> made = kept_connections_.Open(ctx, request_.url, *pool_, /*http2=*/false);
  if (Error err = made.Err()) return err;
  http1_.Use(*std::move(made));
  return {};
}

Error Exchange::SendHead(const Context& ctx, const OutgoingRequest& request) {
  request_.chunked = request.IsChunked();
  request_.trailers = request_.chunked ? request.trailers : nullptr;
  request_.on_interim = request.on_interim;
  left_to_send_ = request.length.value_or(0);
  send_broken_ = true;
  if (Error err = multiplexed_ ? http2_.SendHead(ctx, request) : http1_.SendHead(ctx, request)) return err;
  send_broken_ = false;
  return {};
}

Error Exchange::SendUnsent(const Context& ctx) {
  return SendBy([&] { return multiplexed_ ? http2_.SendUnsent(ctx) : http1_.SendUnsent(ctx); });
}

Error Exchange::FailToSend(std::string text) {
  send_broken_ = true;
  return Error::New(std::move(text));
}

Error Exchange::SendPiece(const Context& ctx, std::string_view data) {
  if (data.empty()) return {};
  if (send_broken_ || !HasConnection()) return SendHasFailed();
  if (!request_.chunked) {
    if (data.size() > left_to_send_) {
      request_.sent_any = true;
      return FailToSend("the body of the request is longer than its Content-Length");
    }
    left_to_send_ -= data.size();
  }
  const bool last = !request_.chunked && left_to_send_ == 0;
  return SendBy([&] { return multiplexed_ ? http2_.SendPiece(ctx, data, last) : http1_.SendPiece(ctx, data); });
}

Error Exchange::EndBody(const Context& ctx) {
  if (sent_) return {};
  if (send_broken_ || !HasConnection()) return SendHasFailed();
  if (request_.chunked) {
    if (own_request_ != nullptr) request_.trailers = ClientRequestAccess::Trailer(*own_request_);  // which may have been set since
    if (request_.trailers != nullptr && !request_.trailers->Refused().empty()) return FailToSend(std::string(request_.trailers->Refused()));
  } else if (left_to_send_ != 0) {
    return FailToSend("the body of the request is " + std::to_string(left_to_send_) +
                      (left_to_send_ == 1 ? " byte" : " bytes") + " shorter than its Content-Length");
  }
  if (Error err = SendBy([&] { return multiplexed_ ? http2_.SendEnd(ctx) : http1_.SendEnd(ctx); })) return err;
  NoteSent();
  return {};
}

void Exchange::NoteSent() {
  if (sent_ || send_broken_) return;
  sent_ = true;
  head_limit_.Start();
  FinishIfDone();
}

void Exchange::StopSending() {
  send_broken_ = stopped_ = true;
  if (!multiplexed_) return;
  http2_.StopSending();
  FinishIfDone();
}

// --- receiving

Error Exchange::ReadHead(const Context& ctx, TimePoint until) {
  if (Error err = multiplexed_ ? http2_.ReadHead(ctx, until, header_) : http1_.ReadHead(ctx, until, header_)) return err;
  FinishIfDone();
  return {};
}

Error Exchange::ReadHeadAfterBody(const Context& ctx, Duration limit) {
  const CancelScope waiting = WithCancel(ctx);
  // Even if a call of OnInterim throws: then the response, of which a part was read, is not continued.
  struct Listening {
    Exchange& exchange;
    bool whole = false;
    ~Listening() {
      exchange.head_limit_.Stop();
      if (!whole) exchange.Break();
    }
  } listening{*this};
  head_limit_.Await(waiting.cancel, limit);
  if (sent_) head_limit_.Start();
  Error err = ReadHead(waiting.ctx, TimePoint::max());
  listening.whole = HeadIsHere();
  return err;
}

// A server that does not support Expect never asks: then the body is sent all the same (RFC 9110 section 10.1.1).
Error Exchange::WaitForContinue(const Context& ctx, Duration wait) {
  const TimePoint until = wait >= TimePoint::max() - Now() ? TimePoint::max() : Now() + wait;
  return multiplexed_ ? http2_.WaitForContinue(ctx, until) : http1_.WaitForContinue(ctx, until);
}

Error Exchange::ReadEnd(const Context& ctx) {
  char beyond = 0;
  return multiplexed_ && !http2_.AtEnd() ? Read(ctx, {&beyond, 1}).Err() : Error();
}

Result<std::size_t> Exchange::Read(const Context& ctx, std::span<char> buffer) {
  // A server that responds while it reads may wait for the rest of the request, which will never be sent.
  const char* const detail = stopped_ ? "read the body of a response that began before the request was sent completely (with HttpClient::Open, a request can be sent to its end)"
                                      : "read the body of the response";
  Result<std::size_t> got = multiplexed_ ? http2_.Read(ctx, buffer, detail) : http1_.Read(ctx, buffer, detail);
  if (got.Ok() && (multiplexed_ ? http2_.AtEnd() : http1_.AtEnd())) FinishIfDone();
  return got;
}

}  // namespace weft::internal
