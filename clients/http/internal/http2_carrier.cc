// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/http2_carrier.h>

#include <optional>

#include <weft/clients/http/internal/client_shared.h>
#include <weft/clients/http/internal/http2/client_multiplexer.h>
#include <weft/http/internal/text.h>

namespace weft::internal {

Result<ConnectionSearch::Found> Http2Carrier::Connect(const Context& ctx, const OutgoingRequest& request, bool fresh,
                                                      KeptConnections& connections, OriginPool& pool) {
  if (stream_ == nullptr) stream_ = std::make_unique<http2::ClientStream>(connections.client().options.head_bytes_max);
  Result<ConnectionSearch::Found> found = ConnectionSearch(connections, pool, request_, *stream_).Run(ctx, request, fresh, number_);
  if (HasConnection()) number_ = stream_->connection()->number;
  return found;
}

void Http2Carrier::Reset() noexcept {
  if (stream_ != nullptr) stream_->Reset();
  unsent_body_ = {};
  has_verdict_ = received_any_ = head_done_ = broken_ = false;
}

Error Http2Carrier::Failed(const Context& ctx, Outcome outcome, const char* detail) {
  request_.sent_any = stream_->HeadSent();
  switch (outcome) {
    case Outcome::kContext: return request_.Failed(ctx, ctx.Err(), detail);
    case Outcome::kTimedOut: return request_.Failure(ClientFailure::kTimedOut, detail);
    case Outcome::kStalled: return request_.Failure(ClientFailure::kStalled, detail);
    case Outcome::kDone:
    case Outcome::kFailed: break;
  }
  const std::optional<http2::ClientStream::Failure>& failure = stream_->failure();
  if (!failure) return request_.SendHasFailed();
  return MakeClientFailure({failure->kind, failure->processed, request_.url.origin, failure->detail});
}

// --- sending

Error Http2Carrier::SendHead(const Context& ctx, const OutgoingRequest& request) {
  const bool whole = request.body == OutgoingRequest::Body::kWhole && !request.whole.empty();
  const bool holds_body = request.expect.has_value();
  unsent_body_ = whole && holds_body ? request.whole : std::string_view();
  Outcome outcome = stream_->Send(request, whole && !holds_body ? request.whole : std::string_view(), request.IsStreamed() || !unsent_body_.empty());
  const bool goes_soon = stream_->HeadGoesSoon();
  if (outcome == Outcome::kDone && !goes_soon) {
    const Duration limit = request.response_timeout;
    outcome = stream_->AwaitHeadSent(ctx, limit == kUnlimited ? TimePoint::max() : Now() + limit);
  }
  request_.sent_any = stream_->HeadSent() || goes_soon;  // of a connection that ends before, the stream knows better
  if (outcome == Outcome::kDone) return {};
  if (outcome == Outcome::kTimedOut) return request_.Failure(ClientFailure::kBusy, "the server accepts no more streams");
  return Failed(ctx, outcome, "send the request");
}

// An empty rest: that of a body in one piece, of which the stream has the view already, or the end.
Error Http2Carrier::Send(const Context& ctx, std::string_view data, bool last) {
  const Outcome outcome = data.empty() && !stream_->BodyTaken() ? stream_->AwaitBodyTaken(ctx) : stream_->SendBody(ctx, data, last, request_.trailers);
  return outcome == Outcome::kDone ? Error() : Failed(ctx, outcome, "send the body");
}

Error Http2Carrier::SendPiece(const Context& ctx, std::string_view data, bool last) {
  request_.sent_any = true;
  return Send(ctx, data, last);
}

Error Http2Carrier::SendEnd(const Context& ctx) {
  if (!request_.chunked && stream_->EndSent()) return {};
  return Send(ctx, {}, /*last=*/true);
}

// --- receiving

void Http2Carrier::TakeInterims() {
  while (std::optional<http2::ClientStream::Interim> interim = stream_->TakeInterim()) {
    if (!request_.WantsInterims()) continue;
    Fields fields;
    for (std::size_t i = 0; i < interim->fields.Size(); ++i) {
      const Fields::Field field = interim->fields.At(i);
      if (!field.name.starts_with(':')) fields.AddBorrowed(field.name, field.value);
    }
    request_.ReportInterim(interim->status, fields);
  }
}

Error Http2Carrier::ReadHead(const Context& ctx, TimePoint until, Fields& header) {
  for (;;) {
    const bool is_here = stream_->HeadIsHere();
    TakeInterims();
    received_any_ = stream_->ReceivedAny();
    if (is_here) {
      TakeFinal(header);
      return {};
    }
    const Outcome outcome = stream_->failure() ? Outcome::kFailed : stream_->AwaitHead(ctx, until);
    if (outcome == Outcome::kDone) continue;
    received_any_ = stream_->ReceivedAny();
    broken_ = true;
    return Failed(ctx, outcome, "wait for the response");
  }
}

void Http2Carrier::TakeFinal(Fields& header) {
  const http2::FieldBlock& block = stream_->head();
  for (std::size_t i = 0; i < block.Size(); ++i) {
    const Fields::Field field = block.At(i);
    if (!field.name.starts_with(':')) header.AddBorrowed(field.name, field.value);
  }
  stream_->CountEachByte(EqualsIgnoreCase(header.Get("Content-Type").substr(0, 17), "text/event-stream"));
  head_done_ = true;
}

Error Http2Carrier::WaitForContinue(const Context& ctx, TimePoint until) {
  for (;;) {
    TakeInterims();
    has_verdict_ = stream_->HeadIsHere();
    if (stream_->Continued() || has_verdict_) return {};
    const Outcome outcome = stream_->AwaitHead(ctx, until);
    if (outcome == Outcome::kTimedOut) return {};
    has_verdict_ = outcome == Outcome::kFailed;  // ReadHead says which one
    if (has_verdict_) return {};
    if (outcome == Outcome::kDone) continue;
    broken_ = true;
    return Failed(ctx, outcome, "wait for 100 Continue");
  }
}

Result<std::size_t> Http2Carrier::Read(const Context& ctx, std::span<char> buffer, const char* detail) {
  std::size_t size = 0;
  if (buffer.empty() || AtEnd()) return size;
  if (broken_) return request_.ResponseHasFailed();
  if (Error err = ctx.Err()) return err;
  const Outcome outcome = stream_->Read(ctx, buffer, size);
  // A caller may come back with another context: nothing of the body is lost.
  if (outcome == Outcome::kContext) return ctx.Err();
  if (outcome == Outcome::kDone) return size;
  broken_ = true;
  return Failed(ctx, outcome, detail);
}

}  // namespace weft::internal
