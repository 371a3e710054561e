// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/http2/client_stream.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <weft/http/internal/content_length.h>

namespace weft::internal::http2 {
namespace {

constexpr std::uint64_t kFieldOverhead = 32;  // RFC 9113 section 6.5.2
constexpr std::uint64_t kPatience = 4;        // times the limit, before the connection ends

const char* DetailOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNoError: return "the server has reset the stream: NO_ERROR";
    case ErrorCode::kProtocolError: return "the server has reset the stream: PROTOCOL_ERROR";
    case ErrorCode::kInternalError: return "the server has reset the stream: INTERNAL_ERROR";
    case ErrorCode::kFlowControlError: return "the server has reset the stream: FLOW_CONTROL_ERROR";
    case ErrorCode::kStreamClosed: return "the server has reset the stream: STREAM_CLOSED";
    case ErrorCode::kRefusedStream: return "the server has refused the stream: REFUSED_STREAM";
    case ErrorCode::kCancel: return "the server has reset the stream: CANCEL";
    case ErrorCode::kEnhanceYourCalm: return "the server has reset the stream: ENHANCE_YOUR_CALM";
    case ErrorCode::kHttp11Required: return "the server has reset the stream: HTTP_1_1_REQUIRED";
    default: return "the server has reset the stream";
  }
}

}  // namespace

// --- its connection

void ClientStream::Join(ClientStreamHost& connection) {
  connection.Add(*this);
  connection_ = &connection;
}

void ClientStream::Leave() noexcept {
  if (connection_ == nullptr) return;
  body_ = {};
  trailer_out_ = nullptr;
  closed_ = true;
  if (std::exchange(woken_, false)) --connection_->woken;
  std::exchange(connection_, nullptr)->Remove(*this);
}

void ClientStream::Reset() noexcept {
  Leave();
  failure_.reset();
  block_.Clear();
  trailer_block_.Clear();
  trailer_.Clear();
  interims_.clear();
  interims_seen_ = counted_ = 0;
  status_ = 0;
  length_.reset();
  in_.Recycle(kBufferKept);
  in_at_ = 0;
  read_progress_.Restart();
  write_progress_.Restart();
  least_ = kLeast;
  endless = head_sent_ = last_ = end_sent_ = stopped_ = closed_ = too_large_ = continued_ = received_any_ = head_done_ = ended_ = false;
}

void ClientStream::Fail(const Failure& failure) noexcept {
  if (!failure_) failure_ = failure;
  closed_ = true;
  NotifyReceived();
  sent_.Notify();
}

void ClientStream::OnConnectionEnd(ClientFailure::Kind kind, const char* detail) noexcept {
  if (!ended_) return Fail({kind, head_sent_, false, detail});
  closed_ = true;
  sent_.Notify();
}

// --- sending

ClientStream::Outcome ClientStream::Send(const OutgoingRequest& request, std::string_view whole, bool streamed) {
  if (failure_) return Outcome::kFailed;
  body_ = whole;
  last_ = !whole.empty();
  end_sent_ = !streamed && whole.empty();
  if (connection_->Open(*this, request_.Of(request), streamed || last_)) return failure_ ? Outcome::kFailed : Outcome::kDone;
  Fail({ClientFailure::kReset, false, true, "the connection accepts no more requests"});
  return Outcome::kFailed;
}

LoopSignal::Outcome ClientStream::Wait(LoopSignal& signal, const Context& ctx, const char* what, TimePoint until) {
  ++waiting_;
  const LoopSignal::Outcome outcome = connection_->WaitFor(signal, ctx, what, until);
  --waiting_;
  if (&signal == &received_ && std::exchange(woken_, false)) --connection_->woken;
  return outcome;
}

void ClientStream::NotifyReceived() noexcept {
  if (!woken_ && connection_ != nullptr && received_.Waiting()) {
    woken_ = true;
    ++connection_->woken;
  }
  received_.Notify();
}

ClientStream::Outcome ClientStream::WaitToSend(const Context& ctx, const char* what, TimePoint until) {
  switch (Wait(sent_, ctx, what, until)) {
    case LoopSignal::Outcome::kNotified: return Outcome::kDone;
    case LoopSignal::Outcome::kContextDone: return Outcome::kContext;
    case LoopSignal::Outcome::kTimedOut: break;
  }
  return Outcome::kTimedOut;
}

ClientStream::Outcome ClientStream::AwaitHeadSent(const Context& ctx, TimePoint until) {
  while (!head_sent_) {
    if (failure_) return Outcome::kFailed;
    const Outcome outcome = WaitToSend(ctx, "turn to send the request", until);
    if (outcome != Outcome::kDone && !head_sent_) return outcome;
  }
  return Outcome::kDone;
}

// Bytes that were not taken when this function ends must not be used later.
ClientStream::Outcome ClientStream::AwaitBodyTaken(const Context& ctx) {
  const Outcome outcome = AwaitTaken(ctx);
  if (outcome == Outcome::kDone) return outcome;
  body_ = {};
  last_ = false;
  trailer_out_ = nullptr;
  return outcome;
}

// A server that takes bytes slowly makes progress if its windows open, or its socket takes what is framed.
ClientStream::Outcome ClientStream::AwaitTaken(const Context& ctx) {
  while (!BodyTaken()) {
    if (closed_ || connection_ == nullptr) return Outcome::kFailed;
    const ClientWire::Pace& pace = connection_->pace();
    const std::uint64_t sent_before = connection_->sent();
    const TimePoint until = write_progress_.WaitUntil(Now(), pace.stall, pace.least);
    const Outcome outcome = WaitToSend(ctx, "server to take the request", until);
    write_progress_.Waited(Now());
    if (BodyTaken() || outcome == Outcome::kDone) continue;
    if (outcome == Outcome::kContext) return outcome;
    if (connection_ == nullptr) return Outcome::kFailed;
    if (connection_->sent() - sent_before < pace.least) return Outcome::kStalled;
    write_progress_.Restart();
  }
  return Outcome::kDone;
}

ClientStream::Outcome ClientStream::SendBody(const Context& ctx, std::string_view data, bool last, const Fields* trailer) {
  if (closed_ || connection_ == nullptr) return Outcome::kFailed;
  body_ = data;
  last_ = last;
  trailer_out_ = trailer;
  connection_->Resume(*this);
  return AwaitBodyTaken(ctx);
}

void ClientStream::StopSending() noexcept {
  stopped_ = true;
  if (ended_ && !end_sent_ && !closed_ && connection_ != nullptr) connection_->StopBody(*this);
}

SessionStream::Piece ClientStream::NextBody(std::size_t most) {
  const std::size_t size = std::min(most, body_.size());
  return {size, last_ && size == body_.size()};
}

// Copied: the sender may leave as soon as its bytes are taken, whatever the socket does.
void ClientStream::TakeBody(std::size_t size, FrameBuffer& out) {
  out.Append(body_.substr(0, size));
  body_.remove_prefix(size);
  write_progress_.Moved(size);
  end_sent_ = last_ && body_.empty();
  if (body_.empty()) sent_.Notify();
}

std::span<const Fields::Field> ClientStream::TrailerFields() {
  return trailer_out_ != nullptr ? request_.OfTrailer(*trailer_out_) : std::span<const Fields::Field>();
}

void ClientStream::OnHeadSent() {
  head_sent_ = true;
  sent_.Notify();
}

// --- receiving

ClientStream::Outcome ClientStream::AwaitHead(const Context& ctx, TimePoint until) {
  const std::size_t interims = interims_seen_;
  const bool continued = continued_;
  const auto is_here = [&] { return head_done_ || failure_ || interims_seen_ != interims || continued_ != continued; };
  while (!is_here()) {
    if (connection_ == nullptr) return Outcome::kFailed;
    const LoopSignal::Outcome outcome = Wait(received_, ctx, "response", until);
    if (outcome == LoopSignal::Outcome::kNotified) continue;
    // What has arrived takes precedence over a context or a limit that has ended meanwhile.
    if (connection_ != nullptr) connection_->ReadNow();
    if (!is_here()) return outcome == LoopSignal::Outcome::kContextDone ? Outcome::kContext : Outcome::kTimedOut;
  }
  return head_done_ || !failure_ ? Outcome::kDone : Outcome::kFailed;
}

std::optional<ClientStream::Interim> ClientStream::TakeInterim() {
  if (interims_.empty()) return std::nullopt;
  Interim first = std::move(interims_.front());
  interims_.erase(interims_.begin());
  return first;
}

ClientStream::Outcome ClientStream::Read(const Context& ctx, std::span<char> buffer, std::size_t& size) {
  for (;;) {
    if (in_at_ < in_.size()) {
      size = std::min(buffer.size(), in_.size() - in_at_);
      std::memcpy(buffer.data(), in_.data() + in_at_, size);
      in_at_ += size;
      if (length_) *length_ -= std::min<std::uint64_t>(*length_, size);
      if (in_at_ == in_.size()) {
        in_.Clear();
        in_at_ = 0;
      }
      if (connection_ != nullptr && !ended_) connection_->GiveBack(*this, size);
      return Outcome::kDone;
    }
    size = 0;
    if (ended_) return Outcome::kDone;
    if (failure_ || connection_ == nullptr) return Outcome::kFailed;
    const TimePoint until = read_progress_.WaitUntil(Now(), connection_->pace().stall, least_);
    const LoopSignal::Outcome outcome = Wait(received_, ctx, "body of the response", until);
    read_progress_.Waited(Now());
    if (outcome == LoopSignal::Outcome::kNotified) continue;
    if (connection_ != nullptr) connection_->ReadNow();
    if (in_at_ < in_.size() || ended_ || failure_) continue;
    return outcome == LoopSignal::Outcome::kContextDone ? Outcome::kContext : Outcome::kStalled;
  }
}

bool ClientStream::OnField(std::string_view name, std::string_view value) {
  counted_ += name.size() + value.size() + kFieldOverhead;
  too_large_ = too_large_ || counted_ > head_bytes_max_;
  if (!too_large_) (head_done_ ? trailer_block_ : block_).Add(name, value);
  return counted_ <= kPatience * head_bytes_max_;
}

void ClientStream::OnHead() {
  received_any_ = true;
  counted_ = 0;
  if (too_large_) return Fail({ClientFailure::kTooLarge, true, false, "the head of the response is too large"});
  if (head_done_) return TakeTrailer();
  std::uint64_t status = 0;
  for (std::size_t i = 0; i < block_.Size(); ++i) {
    if (block_.At(i).name == ":status") status = ParseLength(block_.At(i).value).value_or(0);
  }
  if (status < 100 || status > 999 || status == 101) return Fail({ClientFailure::kMalformed, true, false, "malformed :status"});
  if (status >= 200) return TakeFinalHead(static_cast<int>(status));
  if (++interims_seen_ > kInterimsMax) return Fail({ClientFailure::kMalformed, true, false, "too many interim responses"});
  if (status == 100) {
    continued_ = true;
  } else {
    interims_.push_back({static_cast<int>(status), block_});
  }
  block_.Clear();
  NotifyReceived();
}

void ClientStream::TakeFinalHead(int status) {
  status_ = status;
  for (std::size_t i = 0; i < block_.Size(); ++i) {
    if (block_.At(i).name == "content-length") length_ = ParseLength(block_.At(i).value);
  }
  head_done_ = true;
  NotifyReceived();
}

void ClientStream::TakeTrailer() {
  for (std::size_t i = 0; i < trailer_block_.Size(); ++i) {
    const Fields::Field field = trailer_block_.At(i);
    trailer_.AddBorrowed(field.name, field.value);
  }
}

void ClientStream::OnData(std::string_view bytes) {
  connection_->CountReceived(bytes.size());
  read_progress_.Moved(bytes.size());
  if (failure_) return;
  if (in_at_ > in_.size() / 2) {
    in_.EraseFront(in_at_);
    in_at_ = 0;
  }
  in_.Append(bytes);
  NotifyReceived();
}

void ClientStream::OnEnd() {
  if (failure_) return;
  ended_ = head_done_;
  NotifyReceived();
  if (stopped_) StopSending();
}

void ClientStream::OnClosed(ErrorCode code, bool by_peer) {
  closed_ = true;
  received_any_ = received_any_ || by_peer;  // which is a response, if no good one: the connection has not failed
  sent_.Notify();
  if (ended_) return;
  if (!head_sent_) return Fail({ClientFailure::kReset, false, true, "the connection accepts no more requests"});
  // A GOAWAY says that all streams after the last one that it names are rejected (RFC 9113 section 6.8).
  if (code == ErrorCode::kRefusedStream) {
    return Fail({ClientFailure::kReset, false, !by_peer, by_peer ? DetailOf(code) : "the server has ended the connection before this request"});
  }
  if (by_peer) return Fail({ClientFailure::kReset, true, false, DetailOf(code)});
  Fail({ClientFailure::kMalformed, true, false, "malformed response"});
}

}  // namespace weft::internal::http2
